-- name: find
-- What keeps an address out, the strongest first: the rule of the view `recipient`, for a bare address.
select address, reason, since from suppression
where digest in (:own, :mailbox) and (digest = :own or reason = 'never-again')
order by reason = 'never-again' desc limit 1;

-- name: upsert
-- Suppress an address; an earlier reason gives way.
insert into suppression (digest, address, reason, since) values (:digest, :address, :reason, :since)
on conflict (digest) do update set address = excluded.address, reason = excluded.reason, since = excluded.since;

-- name: delete
-- Lift a suppression.
delete from suppression where digest = :digest;

-- name: forget_address
-- An address is kept out by its digest alone.
update suppression set address = null where digest = :digest;

-- name: all
-- Every suppressed address, oldest first.
select address, reason, since from suppression order by since, address;

-- name: get
-- One suppression with its address and date.
select address, reason, since from suppression where digest = :digest;
