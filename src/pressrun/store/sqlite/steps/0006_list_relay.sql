-- A list may name the relay that its mail goes through.
alter table list add column relay text;
