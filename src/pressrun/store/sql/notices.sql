-- name: insert
-- One mail to one person.
insert into notice (kind, list_id, subscriber_id, address, language, payload, content, message_secret, created_at)
values (:kind, :list_id, :subscriber_id, :address, :language, :payload, :content, :message_secret, :now);

-- name: asked
-- Whom a notice was for, as far as they are still there.
select notice.subscriber_id, notice.list_id, list.name as list_name, notice.address, notice.language, notice.kind
from delivery join notice on notice.id = delivery.notice_id join list on list.id = notice.list_id
where delivery.id = :delivery_id and notice.subscriber_id is not null;
