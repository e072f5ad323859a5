-- What exactly was approved; and which tokens are no second person, since another one made them.
alter table manuscript add column approved_digest blob;
alter table api_token add column origin_id integer;
