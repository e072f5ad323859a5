-- name: find
-- The suppression of an address, the strongest first: the rule of the view `recipient` for an address.
select address, reason, since from suppression
where digest in (:own, :mailbox) and (digest = :own or reason = 'never-again')
order by reason = 'never-again' desc limit 1;

-- name: upsert
-- Suppress an address, replacing an earlier reason.
insert into suppression (digest, address, reason, since) values (:digest, :address, :reason, :since)
on conflict (digest) do update set address = excluded.address, reason = excluded.reason, since = excluded.since;

-- name: find_many
-- The reasons at the digest of each address and at that of its mailbox: 64 octets for each, as in `enrolment.suppressed`.
select cast(asked.value ->> 0 as integer) as place, own.reason as own, mailbox.reason as mailbox
from {each places as asked}
left join suppression as own on own.digest = substr(:octets, cast(asked.value ->> 0 as integer) * 64 + 1, 32)
left join suppression as mailbox on mailbox.digest = substr(:octets, cast(asked.value ->> 0 as integer) * 64 + 33, 32)
where own.digest is not null or mailbox.digest is not null;

-- name: upsert_many
-- Suppress addresses, replacing earlier reasons: arrays of address, reason and since when, and 32 octets for each.
insert into suppression (digest, address, reason, since)
select substr(:octets, new.key * 32 + 1, 32), new.value ->> 0, new.value ->> 1, cast(new.value ->> 2 as bigint)
from {each rows as new} where true
on conflict (digest) do update set address = excluded.address, reason = excluded.reason, since = excluded.since;

-- name: people_at
-- The people at mailboxes, 32 octets for each, and why each of them gets no mail: the rule of the view `recipient`. The
-- index has the beginning of a digest alone, and a person without a digest of their mailbox is at that of their own.
select subscriber.id, subscriber.suppression_digest,
    coalesce(subscriber.mailbox_digest, subscriber.suppression_digest) as mailbox_digest,
    coalesce(mailbox.reason, own.reason) as reason
from subscriber
left join suppression as own on own.digest = subscriber.suppression_digest
left join suppression as mailbox on mailbox.digest = subscriber.mailbox_digest and mailbox.reason = 'never-again'
where subscriber.id in (
    select person.id
    from {each places as asked}
    cross join subscriber as person
    where substr(person.suppression_digest, 1, 4) = substr(:octets, cast(asked.value ->> 0 as integer) * 32 + 1, 4)
        and person.suppression_digest = substr(:octets, cast(asked.value ->> 0 as integer) * 32 + 1, 32)
    union all
    select person.id
    from {each places as asked}
    cross join subscriber as person
    where person.mailbox_digest = substr(:octets, cast(asked.value ->> 0 as integer) * 32 + 1, 32))
order by subscriber.id {lock of subscriber};

-- name: delete
-- Lift a suppression.
delete from suppression where digest = :digest;

-- name: forget_address
-- Delete the address of a suppression.
update suppression set address = null where digest = :digest;

-- name: all
-- Every suppressed address, oldest first.
select address, reason, since from suppression order by since, address nulls first, digest;

-- name: page
-- Some suppressions, in the order of their digests.
select digest, address, reason, since from suppression where digest > :after order by digest limit :limit;

-- name: get
-- One suppression with its address and date.
select address, reason, since from suppression where digest = :digest;
