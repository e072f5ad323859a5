"""Whether alerts reach the operator: after some years, the address may belong to somebody who has left."""

from __future__ import annotations

from pressrun.core.text.masking import without_addresses
from pressrun.operations.doctor.finding import DoctorFinding, failed, passed
from pressrun.operations.doctor.subject import DoctorSubject


async def check_operator(subject: DoctorSubject) -> list[DoctorFinding]:
    """Whether the latest alert by email arrived."""
    operator, refusal = subject.site.operator, subject.alert_refusal
    if operator is None:
        return [passed("operator is not set, so alerts go only to the log")]
    if refusal is None:
        return [passed("no failed alert to the operator is known")]
    message = (
        f"the latest alert to the operator did not arrive: {without_addresses(refusal) or 'the reason is unknown'}"
    )
    return [failed(message, f"Repair the mailbox {operator}, or set another operator in config.toml")]
