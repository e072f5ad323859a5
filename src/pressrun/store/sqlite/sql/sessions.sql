-- name: now
-- The clock of the database, in seconds.
select (julianday('now') - 2440587.5) * 86400.0;

-- name: skip_ids
-- Draw no id that a former session may have drawn and put into a link or an address.
update sqlite_sequence set seq = seq + :number
where name in ('address_change', 'confirmation', 'delivery', 'enter_link', 'subscriber', 'subscription', 'unsubscribe');
