-- name: latest
-- The time of the event in a window that this many others are newer than.
select at from limit_event
where scope = :scope and subject = :subject and at > :after and at <= :ahead order by at desc limit 1 offset :newer;

-- name: spend
-- Count one event in each window unless one of them is full: arrays of scope, place and length of the subject in the
-- octets, seconds, and how many events fit.
insert into limit_event (scope, subject, at, serial)
with meter (scope, subject, seconds, most) as materialized (
    select new.value ->> 0, substr(:octets, cast(new.value ->> 1 as integer), cast(new.value ->> 2 as integer)),
        cast(new.value ->> 3 as double precision), cast(new.value ->> 4 as bigint)
    from {each meters as new})
select meter.scope, meter.subject, :at, 1 + coalesce((select max(serial) from limit_event
    where scope = meter.scope and subject = meter.subject and at = :at), 0)
from meter
where not exists (select 1 from meter as other where other.most <= (select count(*) from limit_event
    where scope = other.scope and subject = other.subject and at > :at - other.seconds and at <= :at + other.seconds));

-- name: insert_each
-- Count one event of each subject; the place distinguishes events of the same subject.
insert into limit_event (scope, subject, at, serial)
select :scope, new.subject, :at, 1 + new.place + coalesce((select max(serial)
    from limit_event where scope = :scope and limit_event.subject = new.subject and at = :at), 0)
from (select cast(entry.value ->> 0 as integer) as place,
    substr(:octets, cast(entry.value ->> 0 as integer) * cast(:width as integer) + 1, cast(:width as integer)) as subject
    from {each places as entry}) as new;

-- name: refund
-- Forget one event of a window.
delete from limit_event where scope = :scope and subject = :subject and at = :at and serial = (
    select max(serial) from limit_event where scope = :scope and subject = :subject and at = :at);

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
