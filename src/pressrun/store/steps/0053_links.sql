-- To find which subscriptions lead to one that is removed with its list, whoever's they are.
create index subscription_by_target on subscription (moved_to) where moved_to is not null;
