-- One content is one edition of its list, unless somebody repeats it on purpose. Nobody knows of earlier ones which were
-- on purpose, so all but the first are repeats.
alter table edition add column is_repeat integer not null default 0 check (is_repeat in (0, 1));
update edition set is_repeat = 1
where is_welcome = 0 and state <> 'cancelled' and exists (select 1 from edition as first
    where first.list_id = edition.list_id and first.source_digest = edition.source_digest and first.id < edition.id
        and first.is_welcome = 0 and first.state <> 'cancelled');
create unique index edition_once on edition (list_id, source_digest)
where is_repeat = 0 and is_welcome = 0 and state <> 'cancelled';
