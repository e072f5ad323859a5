alter table bulk_change drop constraint bulk_change_kind_check;
alter table bulk_change add constraint bulk_change_kind_check check (kind in ('audience', 'cancel', 'relane'));
