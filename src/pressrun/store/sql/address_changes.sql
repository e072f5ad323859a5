-- name: stop_asked
-- Stop an earlier change that waits.
update address_change set state = 'undone' where subscriber_id = :subscriber_id and state = 'asked';

-- name: insert
-- A new change, which the new address must confirm.
insert into address_change (subscriber_id, old_address, new_address, state, created_at, expires_at)
values (:subscriber_id, :old_address, :new_address, 'asked', :now, :expires_at)
returning id;

-- name: get
-- One change by id.
select * from address_change where id = :id {lock};

-- name: confirm
-- Record that the new address has confirmed.
-- guards: address_change subscriber
update address_change set state = 'done', former = :former, expires_at = :expires_at where id = :id and state = 'asked';

-- name: undo
-- Undo a change and all later ones of the person.
-- guards: address_change subscriber
update address_change set state = 'undone', former = '{}'
where subscriber_id = :subscriber_id and id >= :id and state <> 'undone';

-- name: sweep
-- Delete expired changes.
delete from address_change where id in (select id from address_change where expires_at <= :now limit 1000);

-- name: all_done
-- From which address to which one people have changed, and which one they have, the last change first. Who had both
-- addresses as two readers still has the former one, and goes on as the reader with the new one.
select change.subscriber_id, change.old_address, change.new_address, subscriber.address
from address_change as change
join subscriber on subscriber.id = change.subscriber_id
where change.state = 'done'
order by change.id desc;

-- name: former_address
-- The address that a person had at a time, where they have asked for another one since then, and have it now.
select old_address from address_change
where subscriber_id = :subscriber_id and state = 'done' and created_at > :at
order by id limit 1;

-- name: of_subscriber
-- The changes of one person.
select old_address, new_address, state, created_at, expires_at from address_change
where subscriber_id = :subscriber_id order by id;
