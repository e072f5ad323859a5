-- Copies wait in lanes: one for all domains without limits of their own, and one for each that has some.
alter table delivery add column lane text not null default '';
drop index delivery_queue;
create index delivery_queue on delivery (edition_id, state, lane, due_at);

-- Which recipient domains have a lane: those of a provider, those that the configuration names, and those that asked
-- us to slow down.
create table lane_domain (
    domain text primary key,                  -- A-label
    lane text not null,                       -- named like the provider, or like the domain
    learned integer not null check (learned in (0, 1))                              -- 0: written anew at each start
) strict, without rowid;

-- What was learned of a lane: pauses, and how many copies may be on their way at once.
create table lane (
    name text primary key,
    state text not null                       -- JSON: core.lane_state
) strict, without rowid;

-- An edition that was paused because it fared badly; whoever lets it go on knows, so it happens once.
alter table edition add column braked_at integer;
