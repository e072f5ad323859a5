-- name: stop_asked
-- A new wish takes the place of the one before.
update address_change set state = 'undone' where subscriber_id = :subscriber_id and state = 'asked';

-- name: insert
-- A wish that waits for the new address to confirm.
insert into address_change (subscriber_id, old_address, new_address, state, created_at, expires_at)
values (:subscriber_id, :old_address, :new_address, 'asked', :now, :expires_at);

-- name: get
-- One change by id.
select * from address_change where id = :id;

-- name: move
-- It was done, or undone.
update address_change set state = :state, former = :former, expires_at = :expires_at where id = :id;

-- name: undo
-- A change and all later ones of that person do nothing any more.
update address_change set state = 'undone', former = '{}' where subscriber_id = :subscriber_id and id >= :id;

-- name: sweep
-- Changes whose time is over.
delete from address_change where id in (select id from address_change where expires_at <= :now limit 1000);

-- name: of_subscriber
-- The changes of one person.
select old_address, new_address, state, created_at, expires_at from address_change
where subscriber_id = :subscriber_id order by id;
