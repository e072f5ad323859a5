-- name: now
-- The clock of the database, in seconds.
select cast(extract(epoch from clock_timestamp()) as double precision);

-- name: note_ids
-- Nothing to do: every table has a sequence from the beginning.
update id_counter set last_id = last_id where false;

-- name: skip_ids
-- Draw no id that a former session may have drawn and put into a link or an address.
select setval(sequence, nextval(sequence) + :number)
from (values ('address_change'), ('confirmation'), ('delivery'), ('enter_link'), ('subscriber'), ('subscription'),
    ('unsubscribe')) as drawn (name), cast(pg_get_serial_sequence(name, 'id') as regclass) as sequence;
