-- name: now
-- The clock of the database, in seconds.
select (julianday('now') - 2440587.5) * 86400.0;

-- name: note_ids
-- A table that never had a row has not counted yet.
insert into sqlite_sequence (name, seq)
select name, 0 from sqlite_schema
where type = 'table' and sql like '% autoincrement%' and name not in (select name from sqlite_sequence);

-- name: skip_ids
-- Draw no id that a former session may have drawn and put into a link or an address.
update sqlite_sequence set seq = seq + :number
where name in ('address_change', 'confirmation', 'delivery', 'enter_link', 'subscriber', 'subscription', 'unsubscribe');
