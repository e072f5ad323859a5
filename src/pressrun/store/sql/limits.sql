-- name: latest
-- When the event of a window happened that so many others are newer than.
select at from limit_event
where scope = :scope and subject = :subject and at > :after and at <= :ahead order by at desc limit 1 offset :newer;

-- name: insert
-- Count one event.
insert into limit_event (scope, subject, at, serial)
select :scope, :subject, :at, 1 + coalesce(max(serial), 0) from limit_event
where scope = :scope and subject = :subject and at = :at;

-- name: count_each
-- How many events the window of each subject holds, as many as it may hold at most.
select json_group_array((select count(*) from (select 1 from limit_event
    where scope = :scope and subject = substr(:octets, value * :width + 1, :width) and at > :after and at <= :ahead
    limit :most)))
from json_each(:places);

-- name: insert_each
-- Count one event of each; the place tells those of one subject apart.
insert into limit_event (scope, subject, at, serial)
select :scope, substr(:octets, value * :width + 1, :width), :at, 1 + value + coalesce((select max(serial)
    from limit_event where scope = :scope and subject = substr(:octets, value * :width + 1, :width) and at = :at), 0)
from json_each(:places);

-- name: sweep
-- Events that no window reaches any more.
delete from limit_event where scope = :scope and (+at <= :before or +at > :ahead);

-- name: count_sign_up
-- One more sign-up in an hour.
insert into sign_up_hour (hour, number) values (:hour, 1)
on conflict (hour) do update set number = number + 1 returning number;

-- name: sign_ups_since
-- How many there were, hour by hour.
select hour, number from sign_up_hour where hour >= :hour;

-- name: sweep_sign_ups
-- Hours that nobody asks for any more.
delete from sign_up_hour where hour < :before;
