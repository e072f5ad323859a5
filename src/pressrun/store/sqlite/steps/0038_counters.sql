-- The numbers of copies by state are kept, where every page and every claim counted the rows.
create table copy_count (
    edition_id integer primary key references edition on delete cascade,
    queued integer not null default 0,
    claimed integer not null default 0,
    deferred integer not null default 0,
    delivered integer not null default 0,
    failed integer not null default 0,
    cancelled integer not null default 0,
    refused integer not null default 0,
    begun integer not null default 0
) strict;
insert into copy_count (edition_id, queued, claimed, deferred, delivered, failed, cancelled, refused, begun)
select edition_id, count(*) filter (where state = 'queued'), count(*) filter (where state = 'claimed'),
    count(*) filter (where state = 'deferred'), count(*) filter (where state = 'delivered'),
    count(*) filter (where state = 'failed'), count(*) filter (where state = 'cancelled'),
    count(*) filter (where state = 'failed' and kind in ('hard', 'policy', 'message')),
    count(*) filter (where state <> 'queued' and attempts > 0)
from delivery where edition_id is not null group by edition_id;
