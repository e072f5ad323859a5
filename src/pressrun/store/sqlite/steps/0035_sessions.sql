-- The processes that wrote to this database, each start with an id of its own. One of them lives at a time.
create table session (
    id integer primary key autoincrement,     -- grows with each start: what an earlier session holds can be told apart
    host text not null,                       -- the machine, for people
    pid integer not null,                     -- the process, for people
    lock text not null,                       -- boot id of the machine, device and inode of data_dir/lock: who holds that lock knows that the process is gone
    started_at integer not null,              -- by the clock of the database
    heartbeat_at real not null,               -- the last renewal of its lease, by the same clock
    version text not null,                    -- of the program
    config text not null,                     -- JSON: fingerprints of the settings that must be alike (config.shared_settings)
    keys text not null,                       -- fingerprints of its keys by number; 0 is the suppression key
    state text not null check (state in ('live', 'gone'))
) strict;
create unique index session_live on session (state) where state = 'live';

-- In whose name a copy is claimed. Copies that are claimed now were claimed by a process that is gone.
alter table delivery add column claimed_by integer check (claimed_by is null or state = 'claimed');
