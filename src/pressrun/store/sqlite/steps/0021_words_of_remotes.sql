-- No address is recorded any more of what remotes say, and none of their words about copies whose reader is gone.
update delivery set reply = null where reply is not null and notice_id is null and subscription_id is null;
update delivery set reply = pressrun_without_addresses(reply) where reply like '%@%' or reply like '%\%40%' escape '\';
update handover set reply = null
where reply is not null and delivery_id in (select id from delivery where notice_id is null and subscription_id is null);
update handover set reply = pressrun_without_addresses(reply) where reply like '%@%' or reply like '%\%40%' escape '\';

-- Words that are deleted leave the index at once, as secure_delete overwrites what is deleted elsewhere.
insert into archive_search (archive_search, rank) values ('secure-delete', 1);
