-- A list has a layout, a colour, a logo, and words below every edition.
alter table list add column layout text not null default 'letter';
alter table list add column colour text;
alter table list add column logo text;
alter table list add column footer text not null default '';

-- The picture that stands for a list's name, in its mails and on its pages.
create table list_logo (
    list_id integer primary key references list on delete cascade,
    name text not null,                       -- of the file
    media_type text not null,
    content blob not null,
    width integer not null,                   -- in pixels, as it came
    height integer not null                   -- the same
) strict;
