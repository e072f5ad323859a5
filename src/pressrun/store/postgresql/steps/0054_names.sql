-- Tables and columns have the names that the program uses elsewhere.
alter table errand rename to pending_request;
drop index errand_by_list;
create index pending_request_by_list on pending_request (list_id) where list_id is not null;

alter table leaving rename to unsubscribe;
drop index leaving_by_subscription;
drop index leaving_by_end;
drop index leaving_to_note;
create index unsubscribe_by_subscription on unsubscribe (subscription_id);
create index unsubscribe_by_end on unsubscribe (expires_at);
alter table unsubscribe rename column noted to notice_queued;
alter table unsubscribe rename column has_said_why to has_given_reason;
create index unsubscribe_to_notify on unsubscribe (id) where notice_queued = 0;

alter table edition_tally rename to counted_event;
alter table edition rename column braked_at to auto_paused_at;
alter view archived_edition rename column braked_at to auto_paused_at;

alter table delivery rename column lane to destination;
alter table delivery rename column settled_at to recorded_at;
alter table inbound rename column settled_at to recorded_at;
alter table copy_outcome rename column lane to destination;
alter table lane_domain rename to destination_domain;
alter table destination_domain rename column lane to destination;
alter table lane rename to destination;
update pace set scope = 'destination ' || substr(scope, 6) where scope like 'lane %';

-- PostgreSQL names what belongs to a table after it.
alter table pending_request rename constraint errand_pkey to pending_request_pkey;
alter table pending_request rename constraint errand_list_id_fkey to pending_request_list_id_fkey;
alter table pending_request rename constraint errand_kind_check to pending_request_kind_check;
alter table pending_request rename constraint errand_trust_check to pending_request_trust_check;
alter sequence errand_id_seq rename to pending_request_id_seq;

alter table unsubscribe rename constraint leaving_pkey to unsubscribe_pkey;
alter table unsubscribe rename constraint leaving_subscription_id_fkey to unsubscribe_subscription_id_fkey;
alter table unsubscribe rename constraint leaving_noted_check to unsubscribe_notice_queued_check;
alter table unsubscribe rename constraint leaving_has_said_why_check to unsubscribe_has_given_reason_check;
alter sequence leaving_id_seq rename to unsubscribe_id_seq;

alter table counted_event rename constraint edition_tally_pkey to counted_event_pkey;
alter table counted_event rename constraint edition_tally_edition_id_fkey to counted_event_edition_id_fkey;
alter table counted_event rename constraint edition_tally_what_check to counted_event_what_check;

alter table destination_domain rename constraint lane_domain_pkey to destination_domain_pkey;
alter table destination_domain rename constraint lane_domain_learned_check to destination_domain_learned_check;

alter table destination rename constraint lane_pkey to destination_pkey;

update notice
set payload = cast(cast(payload as jsonb) - 'leaving' || jsonb_build_object('unsubscribe', payload -> 'leaving') as json)
where payload ->> 'leaving' is not null;

drop index suspension_to_ask;
alter table suspension rename column asked_at to probed_at;
create index suspension_to_probe on suspension (since) where probed_at is null and ended_at is null;

alter table list_removal rename column asked_at to created_at;
alter table job rename column asks to requires_confirmation;
alter table job rename column most_leavers to max_unsubscribes;

update notice set kind = 'edition_auto_paused', payload = cast(replace(cast(payload as text), '"braked-', '"paused-') as json)
where kind = 'edition_braked';
alter table job rename constraint job_asks_check to job_requires_confirmation_check;
alter table bulk_change rename column asked_at to created_at;
alter table bulk_change drop constraint bulk_change_kind_check;
update bulk_change set kind = 'reassign' where kind = 'relane';
alter table bulk_change add constraint bulk_change_kind_check check (kind in ('audience', 'cancel', 'reassign'));
