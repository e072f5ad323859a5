-- An edition that was restored from a backup is resumed only by somebody who knows how many copies may go out twice.
alter table edition add column may_have_gone integer;
