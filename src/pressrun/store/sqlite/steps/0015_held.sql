-- How many sign-ups came in, hour by hour: what is usual for this server.
create table sign_up_hour (
    hour integer primary key,                 -- its number since 1970
    number integer not null                   -- on the web and by mail; those of traps and unwanted addresses aside
) strict;

-- Mails of sign-ups that wait for an operator: notices without a row in `delivery`.
create table held_notice (
    notice_id integer primary key references notice on delete cascade,
    domain text not null,                     -- of the recipient, A-label
    expires_at integer not null               -- forgotten then, as the request is
) strict;
create index held_notice_by_end on held_notice (expires_at);
