-- Rows of copies can be removed once they are old enough. What became of them stays, in numbers.
alter table edition add column copies_removed_at bigint;
-- A view keeps the columns that it had.
drop view archived_edition;
create view archived_edition as
select edition.*, coalesce(dated_at, first_claim_at) as published_at
from edition
where first_claim_at is not null and state <> 'cancelled' and (canary_copies is null or state = 'finished');
create index delivery_bounced on delivery (subscription_id) where bounce is not null;
create table copy_outcome (
    edition_id bigint not null references edition on delete cascade,
    lane text collate "C" not null,
    state text collate "C" not null check (state in ('delivered', 'failed', 'cancelled')),
    kind text collate "C" not null,
    bounce text collate "C" not null,
    code bigint not null,
    enhanced text collate "C" not null,
    at bigint not null,
    number bigint not null,
    primary key (edition_id, lane, state, kind, bounce, code, enhanced, at)
);
