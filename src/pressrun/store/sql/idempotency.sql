-- name: claim
-- Take a key for a request that is being carried out, unless one of the last day has it.
insert into idempotency_key (caller, digest, request, at) values (:caller, :digest, :request, :at)
on conflict (caller, digest) do update set request = excluded.request, object = null, subscriber_id = null,
    at = excluded.at, has_created = 0
where idempotency_key.at <= :after;

-- name: keep
-- What a request with a key did.
insert into idempotency_key (caller, digest, request, object, subscriber_id, at, has_created)
values (:caller, :digest, :request, :object, :subscriber_id, :at, :has_created)
on conflict (caller, digest) do update set request = excluded.request, object = excluded.object,
    subscriber_id = excluded.subscriber_id, at = excluded.at, has_created = excluded.has_created;

-- name: find
-- What the request with this key did, unless it is too old.
select * from idempotency_key where caller = :caller and digest = :digest and at > :after;

-- name: sweep
-- Outcomes that are kept no longer.
delete from idempotency_key where (caller, digest) in (
    select caller, digest from idempotency_key where at <= :before order by at limit 1000);
