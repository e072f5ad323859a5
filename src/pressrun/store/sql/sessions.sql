-- name: live
-- The session that the database belongs to.
select id, host, pid, lock, started_at, heartbeat_at from session where state = 'live' {lock};

-- name: follow_clock
-- The clock of the database was set back: how old a heartbeat is counts from now on.
update session set heartbeat_at = :now where state = 'live' and heartbeat_at > :now;

-- name: begin
-- A process begins to write.
insert into session (host, pid, lock, started_at, heartbeat_at, version, config, keys, state)
values (:host, :pid, :lock, :started_at, :now, :version, :config, :keys, 'live')
returning id;

-- name: before
-- The session that began last before this one.
select host, config from session where id < :session order by id desc limit 1;

-- name: renew
-- The process still lives.
update session set heartbeat_at = :now where id = :session and state = 'live';

-- name: is_live
-- Whether the database still belongs to a session; it stays so until the commit.
select id from session where id = :session and state = 'live' {share};

-- name: end
-- The process is gone, or may not write any more.
update session set state = 'gone' where id = :session and state = 'live';

-- name: forget
-- Sessions that ended long ago. What they had claimed, if anything, still counts as claimed by nobody.
delete from session where id < :before and state = 'gone';

-- name: skip_events
-- Draw no id of an event that a former session may have drawn.
update id_counter set last_id = last_id + :number where name = 'event';
