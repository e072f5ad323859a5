-- Links of readers who changed to another language lead there still when the list of before is removed.
create table removed_subscription (
    id integer primary key,
    moved_to integer not null references subscription on delete cascade
) strict;
create index removed_subscription_by_target on removed_subscription (moved_to);
