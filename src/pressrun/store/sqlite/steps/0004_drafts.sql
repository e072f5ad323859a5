-- Editions that came by mail and wait for their editor.
create table draft (
    edition_id integer primary key references edition on delete cascade,
    findings text not null,                   -- JSON: [severity, line or null, message] of each thing that preflight found
    expires_at integer not null               -- the last link to approve it ends: then it is cancelled
) strict;
