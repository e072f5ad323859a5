-- A list may have hours in which its editions go out.
alter table list add column hours text;
alter table list add column timezone text not null default 'UTC';
