-- An edition that was restored from a backup is resumed only by somebody who knows how many copies may go out twice.
alter table edition add column may_have_gone bigint;
-- A view keeps the columns that it had.
drop view archived_edition;
create view archived_edition as
select edition.*, coalesce(dated_at, first_claim_at) as published_at
from edition
where first_claim_at is not null and state <> 'cancelled' and (canary_copies is null or state = 'finished');
