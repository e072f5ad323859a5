"""The table of all actions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pressrun.acts.act import Act
from pressrun.acts.editions.draft_releases import DRAFT_RELEASE_ACTS
from pressrun.acts.editions.drafts import DRAFT_ACTS
from pressrun.acts.editions.editions import EDITION_ACTS
from pressrun.acts.editions.outcomes import OUTCOME_ACTS
from pressrun.acts.lists.lists import LIST_ACTS
from pressrun.acts.operating.events import EVENT_ACTS
from pressrun.acts.operating.installation import DAEMON_ACTS, GROUP_ACTS, MOVE_ACTS, MOVING_IN_ACTS, OPERATING_ACTS
from pressrun.acts.operating.reading import OPERATOR_ACTS
from pressrun.acts.operating.returns import RETURN_ACTS
from pressrun.acts.people.account import ACCOUNT_ACTS
from pressrun.acts.people.people import ME_ACTS, PEOPLE_ACTS
from pressrun.acts.readers.jobs import JOB_ACTS
from pressrun.acts.readers.members import MEMBER_ACTS
from pressrun.acts.readers.subscribers import SUBSCRIBER_ACTS

ACTS: Mapping[str, Act[Any]] = {
    act.id: act
    for acts in (
        LIST_ACTS,
        SUBSCRIBER_ACTS,
        MEMBER_ACTS,
        JOB_ACTS,
        EDITION_ACTS,
        DRAFT_ACTS,
        DRAFT_RELEASE_ACTS,
        OPERATING_ACTS,
        PEOPLE_ACTS,
        MOVING_IN_ACTS,
        GROUP_ACTS,
        MOVE_ACTS,
        DAEMON_ACTS,
        ACCOUNT_ACTS,
        EVENT_ACTS,
        ME_ACTS,
        OPERATOR_ACTS,
        OUTCOME_ACTS,
        RETURN_ACTS,
    )
    for act in acts
}
