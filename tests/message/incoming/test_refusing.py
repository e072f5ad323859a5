"""Who answers a mail that asks for their confirmation, and does not want it or is no person."""

from __future__ import annotations

import pytest
from tests.message.builders import profile, site

from pressrun.locales.catalogues import words_in
from pressrun.locales.languages import LANGUAGES
from pressrun.message.incoming.refusing import acknowledges, refuses
from pressrun.message.notices.to_readers import ConfirmationRequest

QUOTED = "On Sat, 28 Nov 2026 at 20:00, The Quay wrote:\n> Please unsubscribe me.\n> No thanks\n"
OUTLOOK = "________________________________\nFrom: The Quay\nSubject: Stop\n\nNo thanks\n"
NOTICE = (
    "You asked to receive The Quay at this address. Please confirm.\nConfirm subscription\nhttps://news.example/confirm/x\n"
    "If it wasn't you, you can ignore this email.\nNever email me again\n"
)


@pytest.mark.parametrize(
    "text",
    [
        "No", "no thanks!", "STOP", "Unsubscribe.", "please remove me from this list", "I never signed up for this.",
        "Confirmation? I did not sign up.",
        "I didn’t ask for this email.", "Stop sending me this", "Do not contact me again", "Not interested",
        "Nein", "Ich habe das nicht abonniert.", "Bitte sofort abmelden", "Ich moechte das nicht.", "Kein Interesse",
        "Non merci", "Je n'ai jamais demandé ce courriel", "Je ne suis pas inscrit", "desinscription",
        "No me he suscrito", "Quiero darme de baja", "Non mi sono iscritto", "Não me inscrevi nisto", "Não",
        "Ik heb me niet aangemeld", "Nee, dank je", "Nie zapisywałem się", "Nej tack", "Jag vill inte ha detta",
        "Нет", "Я не подписывался", "لا", "いいえ", "登録した覚えがありません", "退订",
        "No thanks, not for me", "No, thank you. I have enough to read.", "This is spam!", "Not me", "Please don't.",
        "Nein danke, bitte nicht", "Nein, vielen Dank.", "Bitte nicht", "Das war ich nicht!",
        "Lassen Sie mich in Ruhe", "Non merci, pas pour moi", "No, muchas gracias", "No, grazie. Basta", "Liever niet",
        "Nee bedankt, liever niet", "Não, muito obrigada", "Nie, dziękuję bardzo", "Nei takk, ellers", "Нет, спасибо!",
        "لا شكراً", "いいえ、結構です", "不用了,谢谢", "谢谢，不需要",
    ],
)  # fmt: skip
@pytest.mark.parametrize("around", ["{}\n\n" + QUOTED, QUOTED + "\n{}\n-- \nAda\n", "{}\n\n" + OUTLOOK, "Hello,\n\n{}"])
def test_a_refusal_is_known_wherever_it_stands(text: str, around: str) -> None:
    assert refuses(around.format(text))


@pytest.mark.parametrize(
    "text",
    [
        "Yes, and no thanks needed.",
        "", "yes", "Yes please", "ok", "I confirm.", "Confirm", "Ja", "Ja, bitte!", "Oui", "Sí, gracias", "はい", "是",
        "Yes, and how do I unsubscribe later?", "No problem, I confirm", "Thank you for stopping by. I confirm.",
        "Gerne, ich bestätige.", "Sent from my iPhone", "Noted, thanks.", "Je confirme, merci", "Conferma",
        "Vielen Dank, ich freue mich auf Nummer 1!", "Potwierdzam", "確認しました", NOTICE,
        "Ja, ich möchte keine Ausgabe verpassen.", "Ich will das nicht verpassen!", "I don't want to be left out",
        "Yes, I did not ask for it by mistake.", "Hi,\n\nyes. I had not signed up until now.",
        "Oui, je ne veux pas le rater",
        "Sí, no quiero recibir otra cosa", "I don't want to miss it",
    ],
)  # fmt: skip
@pytest.mark.parametrize("around", ["{}\n\n" + QUOTED, QUOTED + "\n{}", "{}\n\n" + OUTLOOK, "{}\n-- \nNo\nStop\n"])
def test_any_other_answer_confirms(text: str, around: str) -> None:
    """What it quotes and how it is signed does not count."""
    assert not refuses(around.format(text))


@pytest.mark.parametrize("tag", LANGUAGES)
def test_our_own_words_do_not_refuse(tag: str) -> None:
    """Some programs quote without any mark, and the answer above it is empty."""
    notice = ConfirmationRequest(
        link="https://news.example/confirm/x", lifetime_seconds=3600, never_again="https://n.example"
    )
    text = notice.text(words_in(tag), site(), profile())
    shown = [text.subject, *text.before, text.link_words, *text.after, words_in(tag)("Never email me again")]
    assert not [line for line in shown if refuses(line) or acknowledges(line)]


@pytest.mark.parametrize(
    "text",
    [
        "Thank you for contacting support. Your request has been received and a ticket was opened.",
        "##- Please type your reply above this line -##\n\nYour request (4711) has been received and is reviewed.",
        "Hello,\n\nwe have received your message. Our team will get back to you within two days.\n\n" + OUTLOOK,
        "Ticket number: 4711\n\n" + QUOTED,
        "Guten Tag,\n\nIhre Anfrage ist bei uns eingegangen. Ihre Vorgangsnummer: 4711",
        "Nous avons bien reçu votre demande.",
        "Your message is being held until you confirm that you are a person.",
        "お問い合わせいただきありがとうございます。受付番号 4711",
    ],
)
def test_a_help_desk_does_not_subscribe_by_saying_that_it_got_a_mail(text: str) -> None:
    assert acknowledges(text)


@pytest.mark.parametrize(
    "text",
    [
        "", "yes", "Sent from my iPhone", "Noted, thanks.", NOTICE, "I have received this and would like to subscribe.",
        "Yes, I have received your mail.", "Yes please!\n\nFrom: News\nWe have received your request.",
        "Ja, ich habe Ihre Nachricht erhalten.", "J’ai bien reçu votre message et je confirme.",
        "Ik heb uw bericht ontvangen en bevestig het.", "Jeg har mottatt din e-post og bekrefter.",
    ],
)  # fmt: skip
@pytest.mark.parametrize("around", ["{}\n\n" + QUOTED, QUOTED + "\n{}", "{}\n\n" + OUTLOOK])
def test_a_person_who_answers_is_none(text: str, around: str) -> None:
    assert not acknowledges(around.format(text))
