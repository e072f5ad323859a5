-- Tables and columns have the names that the program uses elsewhere.
alter table errand rename to pending_request;
drop index errand_by_list;
create index pending_request_by_list on pending_request (list_id) where list_id is not null;

alter table leaving rename to unsubscribe;
drop index leaving_by_subscription;
drop index leaving_by_end;
drop index leaving_to_note;
create index unsubscribe_by_subscription on unsubscribe (subscription_id);
create index unsubscribe_by_end on unsubscribe (expires_at);
alter table unsubscribe rename column noted to notice_queued;
alter table unsubscribe rename column has_said_why to has_given_reason;
create index unsubscribe_to_notify on unsubscribe (id) where notice_queued = 0;

alter table edition_tally rename to counted_event;
alter table edition rename column braked_at to auto_paused_at;

alter table delivery rename column lane to destination;
alter table delivery rename column settled_at to recorded_at;
alter table inbound rename column settled_at to recorded_at;
alter table copy_outcome rename column lane to destination;
alter table lane_domain rename to destination_domain;
alter table destination_domain rename column lane to destination;
alter table lane rename to destination;
update pace set scope = 'destination ' || substr(scope, 6) where scope like 'lane %';

update notice set payload = json_set(json_remove(payload, '$.leaving'), '$.unsubscribe', payload ->> '$.leaving')
where case when json_valid(payload) then payload ->> '$.leaving' end is not null;  -- not one that nobody can read

drop index suspension_to_ask;
alter table suspension rename column asked_at to probed_at;
create index suspension_to_probe on suspension (since) where probed_at is null and ended_at is null;

alter table list_removal rename column asked_at to created_at;
alter table job rename column asks to requires_confirmation;
alter table job rename column most_leavers to max_unsubscribes;

update notice set kind = 'edition_auto_paused', payload = replace(payload, '"braked-', '"paused-')
where kind = 'edition_braked';

alter table bulk_change rename to former_bulk_change;
drop index bulk_change_by_edition;
create table bulk_change (
    id integer primary key autoincrement,
    kind text not null check (kind in ('audience', 'cancel', 'reassign')),
    edition_id integer not null references edition on delete cascade,
    created_at integer not null,
    done_through integer not null,
    last_id integer not null
) strict;
insert into bulk_change (id, kind, edition_id, created_at, done_through, last_id)
select id, replace(kind, 'relane', 'reassign'), edition_id, asked_at, done_through, last_id
from former_bulk_change order by id;
drop table former_bulk_change;
create index bulk_change_by_edition on bulk_change (edition_id);
