-- name: find
-- The suppression of an address, the strongest first: the rule of the view `recipient` for an address.
select address, reason, since from suppression
where digest in (:own, :mailbox) and (digest = :own or reason = 'never-again')
order by reason = 'never-again' desc limit 1;

-- name: upsert
-- Suppress an address, replacing an earlier reason.
insert into suppression (digest, address, reason, since) values (:digest, :address, :reason, :since)
on conflict (digest) do update set address = excluded.address, reason = excluded.reason, since = excluded.since;

-- name: delete
-- Lift a suppression.
delete from suppression where digest = :digest;

-- name: forget_address
-- Delete the address of a suppression.
update suppression set address = null where digest = :digest;

-- name: all
-- Every suppressed address, oldest first.
select address, reason, since from suppression order by since, address nulls first, digest;

-- name: get
-- One suppression with its address and date.
select address, reason, since from suppression where digest = :digest;
