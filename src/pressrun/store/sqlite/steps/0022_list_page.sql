-- How the page of a list looks: the newest edition whole or its beginning, when editions come, whether the form asks for
-- a name, and the kind of letters.
alter table list add column front text not null default 'full' check (front in ('full', 'teaser'));
alter table list add column cadence text not null default '';
alter table list add column ask_name integer not null default 0 check (ask_name in (0, 1));
alter table list add column typeface text not null default 'sans' check (typeface in ('sans', 'serif', 'mono'));
