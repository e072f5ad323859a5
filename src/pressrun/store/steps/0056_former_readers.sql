-- Whose subscriptions went with a list: readers may still complain about its copies.
create table former_reader (
    subscription_id integer primary key,
    subscriber_id integer not null references subscriber on delete cascade,
    removed_at integer not null
) strict;
create index former_reader_by_subscriber on former_reader (subscriber_id);
create index former_reader_by_age on former_reader (removed_at);
