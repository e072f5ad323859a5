-- name: latest
-- When the event of a window happened that so many others are newer than.
select at from limit_event
where scope = :scope and subject = :subject and at > :after and at <= :ahead order by at desc limit 1 offset :newer;

-- name: insert
-- Count one event.
insert into limit_event (scope, subject, at, serial)
select :scope, :subject, :at, 1 + coalesce(max(serial), 0) from limit_event
where scope = :scope and subject = :subject and at = :at;

-- name: sweep
-- Events that no window reaches any more.
delete from limit_event where scope = :scope and (at <= :before or at > :ahead);
