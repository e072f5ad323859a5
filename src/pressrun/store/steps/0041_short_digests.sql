-- The index of digests has their beginnings alone, as new digests go all over it.
drop index subscriber_by_digest;
create index subscriber_by_digest on subscriber (substr(suppression_digest, 1, 4));
