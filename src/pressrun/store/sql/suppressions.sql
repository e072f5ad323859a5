-- name: find
-- Why an address gets nothing.
select reason from suppression where digest = :digest;

-- name: upsert
-- Suppress an address; an earlier reason gives way.
insert into suppression (digest, address, reason, since) values (:digest, :address, :reason, :now)
on conflict (digest) do update set address = excluded.address, reason = excluded.reason, since = excluded.since;

-- name: delete
-- Lift a suppression.
delete from suppression where digest = :digest;

-- name: all
-- Every suppressed address, oldest first.
select address, reason, since from suppression order by since, address;

-- name: get
-- One suppression with its address and date.
select address, reason, since from suppression where digest = :digest;
