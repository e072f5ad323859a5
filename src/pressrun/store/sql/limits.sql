-- name: latest
-- The time of the event in a window that this many others are newer than.
select at from limit_event
where scope = :scope and subject = :subject and at > :after and at <= :ahead order by at desc limit 1 offset :newer;

-- name: insert
-- Count one event.
insert into limit_event (scope, subject, at, serial)
select :scope, :subject, :at, 1 + coalesce(max(serial), 0) from limit_event
where scope = :scope and subject = :subject and at = :at;

-- name: insert_each
-- Count one event of each subject; the place distinguishes events of the same subject.
insert into limit_event (scope, subject, at, serial)
select :scope, new.subject, :at, 1 + new.place + coalesce((select max(serial)
    from limit_event where scope = :scope and limit_event.subject = new.subject and at = :at), 0)
from (select cast(entry.value ->> 0 as integer) as place,
    substr(:octets, cast(entry.value ->> 0 as integer) * cast(:width as integer) + 1, cast(:width as integer)) as subject
    from {each places as entry}) as new;

-- name: sweep
-- Delete events that no window reaches any more.
delete from limit_event where scope = :scope and ({+}at <= :before or {+}at > :ahead);

-- name: count_sign_up
-- Count a sign-up in an hour.
insert into sign_up_hour (hour, number) values (:hour, 1)
on conflict (hour) do update set number = sign_up_hour.number + 1 returning number;

-- name: sign_ups_since
-- The number of sign-ups in each hour.
select hour, number from sign_up_hour where hour >= :hour;

-- name: sweep_sign_ups
-- Delete old hours.
delete from sign_up_hour where hour < :before;
