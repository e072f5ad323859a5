-- Whether a request with a key made something, as its answer said: a repeat says so again.
alter table idempotency_key add column has_created integer not null default 0 check (has_created in (0, 1));
