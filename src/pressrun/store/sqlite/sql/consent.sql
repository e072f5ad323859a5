-- name: append
-- Append rows: arrays, and 128 octets for each (salt and digest of content and of address, chain).
insert into consent (number, subscriber_id, list_id, event, at, salt, content, content_digest, ip, ip_salt, ip_digest, chain)
select value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, substr(:octets, key * 128 + 1, 16), value ->> 5,
    substr(:octets, key * 128 + 17, 32), value ->> 6,
    case when value ->> 6 is not null then substr(:octets, key * 128 + 49, 16) end,
    case when value ->> 6 is not null then substr(:octets, key * 128 + 65, 32) end, substr(:octets, key * 128 + 97, 32)
from json_each(:rows);
