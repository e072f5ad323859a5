-- Whose subscriptions went with a list: readers may still complain about its copies, and a restore may bring it back.
create table former_reader (
    subscription_id integer primary key,
    subscriber_id integer not null references subscriber on delete cascade,
    paused_until integer,
    removed_at integer not null
) strict;
create index former_reader_by_subscriber on former_reader (subscriber_id);
create index former_reader_by_age on former_reader (removed_at);
