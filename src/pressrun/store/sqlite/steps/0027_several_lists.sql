-- One sign-up may ask for several lists, whose requests one link confirms, on a page in another language than theirs.
alter table confirmation add column leader_id integer;
create index confirmation_by_leader on confirmation (leader_id) where leader_id is not null;
alter table errand add column also text not null default '[]';
alter table errand add column words_language text not null default '';
