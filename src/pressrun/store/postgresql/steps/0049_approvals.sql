-- What exactly was approved; and which tokens are no second person, since another one made them.
alter table manuscript add column approved_digest bytea;
alter table api_token add column origin_id bigint;
