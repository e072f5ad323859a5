-- Mail with a signed address of ours waits in queues of its own; what waits has been judged when it was accepted.
alter table inbound add column queue text not null default 'strangers'
    check (queue in ('readers', 'bounces', 'strangers'));
update inbound set queue = case
    when recipient like '%-bounces+%' then 'bounces'
    when recipient like '%-unsubscribe+%' or recipient like '%-confirm+%' then 'readers'
    else 'strangers' end
where state = 'received';
drop index inbound_waiting;
create index inbound_waiting on inbound (queue, id) where state = 'received';
create index inbound_failed on inbound (recipient) where state = 'failed';
