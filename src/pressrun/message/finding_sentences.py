"""How each finding is worded: one sentence for each code, with the remedy where there is one.

Codes are kept: programs may go by them, and findings are stored by them. Values stand in braces; `{{ name }}` is a
merge field and no place. A sentence without a number needs no plural forms in any language: keep it so.
"""

from __future__ import annotations

from pressrun.message.words import marked

AS_WRITTEN = "as-written"

SENTENCES = {
    AS_WRITTEN: "{sentence}",
    # subject and preheader
    "subject-missing": marked("The edition has no subject. Write `subject: …` between the --- lines at the top."),
    "subject-long": marked("The subject has {length} characters. Phones show about 40, so keep it below {most}."),
    "subject-capitals": marked("The subject is all capitals, which spam filters dislike. Write it as a sentence."),
    "subject-exclamation": marked("The subject has several exclamation marks. One is enough."),
    "subject-answer": marked("The subject begins like a reply, which is misleading. Remove the `Re:` or `Fwd:`."),
    "preheader-repeats": marked(
        "The preview text repeats the subject, which inboxes show beside it. Say what else is inside."
    ),
    "preheader-missing": marked(
        "Inboxes will show “{text}” beside the subject. Write `preheader: …` at the top to show something better."
    ),
    # what bulk email must have
    "body-missing": marked("The edition has no text. Write it below the second --- line."),
    "unsubscribe-missing-text": marked(
        "The text part has no unsubscribe link. Put {{ unsubscribe_url }} into it or its layout."
    ),
    "unsubscribe-missing-html": marked(
        "The HTML part has no unsubscribe link. Put {{ unsubscribe_url }} into it or its layout."
    ),
    "address-missing": marked(
        "The newsletter has no postal address, which bulk email must show by law. Set one with {command} (or "
        "require_postal_address=false)."
    ),
    "address-hidden-text": marked("The text part does not show the postal address. Put it into the layout."),
    "address-hidden-html": marked("The HTML part does not show the postal address. Put it into the layout."),
    "owner-not-ascii": marked(
        "The owner {owner} has letters outside ASCII before the @ and is the envelope sender of every copy, because "
        "this server receives no email. Most readers could not be reached. Set another owner with {command}."
    ),
    # left over
    "placeholder": marked("“{text}” looks like a placeholder. Write what belongs there."),
    "foreign-field": marked("“{text}” is a merge field from another program. Here it is written {{ name }}."),
    # links
    "link-dead": marked("The link “{text}” has no usable address. Write one with http, https, mailto or tel."),
    "link-runs": marked("Links with {scheme} do not work in email. Write an https address."),
    "link-empty": marked("A link has no address. Fill it in."),
    "link-hash": marked("A link leads to “#”, which goes nowhere. Give it an address."),
    "link-wordless": marked(
        "The link to {url} has no words, so screen readers have nothing to read out. Add some, or an alt text for its "
        "image."
    ),
    "link-relative": marked("{url} is a relative link, which does not work in email. Write the full address."),
    "link-nowhere": marked("{url} leads nowhere, because nothing in the edition has that id."),
    "id-repeated-linked": marked(
        "The id {id} is used more than once, so a link to it may lead elsewhere. Use it only once."
    ),
    "id-repeated": marked("The id {id} is used more than once. Use it only once, or leave it out."),
    "link-not-encrypted": marked("{url} is not encrypted. Use https if the site supports it."),
    "link-brackets": marked("{url} is not a web address. Check its brackets."),
    "link-no-site": marked("{url} does not name a site. A web address begins like `https://site.tld/`."),
    "link-begins-twice": marked("{url} has `https://` twice. Remove one."),
    "link-bad-site": marked(
        "{url} names a site that cannot exist. Check the part between `https://` and the next `/`."
    ),
    "link-bad-email": marked("{url} is not an email address. Write it like `mailto:name@domain`."),
    "link-bad-phone": marked("{url} is not a phone number. Write it like `tel:+4930123456`."),
    "link-private": marked("{url} leads to a computer that readers cannot reach. Write the public address."),
    "link-number": marked("{url} has an IP address in place of the site's name. Spam filters treat that as phishing."),
    "link-example": marked("{url} is a placeholder address. Write the real one."),
    "link-user-name": marked("{url} has a user name before the @. Spam filters treat that as phishing."),
    "link-shows-another": marked("The link says {shown} but opens {meant}. Spam filters treat that as phishing."),
    # images
    "image-dead": marked("An image has an address that does not work in email. Put the file beside the edition."),
    "image-not-encrypted": marked("{url} is not encrypted. Use https, or put the file beside the edition."),
    "image-no-alt": marked("The image {url} has no alt text. Say in words what it shows."),
    "image-no-alt-unnamed": marked("An image has no alt text. Say in words what it shows."),
    "image-field-path": marked("A merge field cannot be part of an image's path. Name one file."),
    "image-not-in-message": marked("Broken reference: the email contains no image {path}."),
    "image-missing": marked("Broken reference: the image {path} is missing."),
    "image-type": marked("{name} is not an image that email programs show. Save it as PNG, JPEG, GIF or WebP."),
    "attachment-missing": marked("Broken reference: the attachment {path} is missing."),
    # parts
    "text-lacks-words": marked(
        "The text part has less than half as many words as the HTML, and some readers see nothing else. Say the same "
        "in both, or leave out the text part to have one made."
    ),
    "html-lacks-words": marked(
        "The HTML has less than half as many words as the text part, and most readers see nothing else. Say the same "
        "in both, or leave out the text part to have one made."
    ),
    "text-lacks-links": marked("The text part lacks links that the HTML has: {urls}."),
    "text-part-missing": marked("Broken reference: the text part {path} is missing."),
    "text-part-not-utf8": marked("The text part {path} is not UTF-8. Save it in that encoding."),
    "note-unused": marked("Nothing refers to the note {label}, so it is not shown. Write {label} where it belongs."),
    "note-missing": marked("There is no note {label}. Write it on a line of its own that begins with {mark}."),
    # language
    "language-letters": marked(
        "The language of the edition is “{language}”, but its text is in another script. Screen readers go by the "
        "language. Write `language: …` at the top."
    ),
    "language-letters-email": marked(
        "The language of the edition is “{language}”, but its text is in another script. Screen readers go by the "
        "language. Set it with {command}, or send a file with `language: …` at the top."
    ),
    "language-unknown": marked(
        "“{tag}” is not a language tag. Available: {tags}. Another language needs its own tag, such as sv."
    ),
    "language-unknown-document": marked(
        "The document says lang=“{tag}”, which is not a language. Screen readers go by it, so correct it or leave it "
        "out."
    ),
    "language-not-spoken": marked(
        "The footer is not available in “{tag}”, only in {tags}. It will be in “{language}”."
    ),
    # size
    "html-clipped": marked(
        "The HTML part is {size} KiB. Gmail cuts it off after 100, unsubscribe link and all. Shorten it."
    ),
    "message-heavy": marked(
        "{size} MB per email is a lot. Many servers accept no more than {most} MB. Make the images smaller, or link to "
        "the files."
    ),
    # the sender
    "sender-unsigned": marked(
        "Nothing is signed, because [dkim] is not configured. Large providers refuse bulk email that {domain} does not "
        "sign. Make a key with `pressrun dkim create`, unless your relay signs."
    ),
    "sender-signed-by-others": marked(
        "From is {address}, but the signatures are by {domains}, so receivers will treat the email as forged. Sign "
        "for {domain}, or use a From address in a signed domain."
    ),
    "spf-missing": marked(
        "{domain}, where bounces go, has no SPF record, so receivers cannot see who may send for it. Publish a TXT "
        "record `v=spf1` that names your relay."
    ),
    "spf-several": marked("{domain} has several SPF records, which counts as none. Merge them into one."),
    "spf-nobody": marked("The SPF record of {domain} says that nobody may send for it. Name your relay there."),
    "dmarc-missing": marked(
        "{domain} has no DMARC record, which large providers require of bulk senders. Publish TXT _dmarc.{domain} with "
        "`v=DMARC1; p=none`."
    ),
    "dmarc-reject": marked(
        "{policy} asks receivers to refuse email when neither its signature nor its return path proves where it is "
        "from, as here. Sign for {domain}."
    ),
    "dmarc-quarantine": marked(
        "{policy} asks receivers to treat email as spam when neither its signature nor its return path proves where "
        "it is from, as here. Sign for {domain}."
    ),
    # merge fields
    "field-open": marked("A merge field is not closed. End it with }} on the same line."),
    "field-malformed": marked("{field} is not a merge field. Write {{ name }} or {{ name | default: friend }}."),
    "field-unknown-close": marked("No subscriber has a field “{name}”. Did you mean {close}?"),
    "field-unknown": marked("No subscriber has a field “{name}”. Available: {known}."),
    "field-lost": marked("{field} is in markup that is removed, so it is not shown. Put it into the text."),
    "field-in-style": marked("{field} is inside a style, where merge fields do not work."),
    "mail-part-not-begun": marked(
        "{% endmail %} has nothing to close. Write {% mail %} where the email-only part begins."
    ),
    "mail-part-not-ended": marked("{% mail %} is not closed. Write {% endmail %} where the email-only part ends."),
    # what cleaning takes out
    "lost-script": marked("A script is removed, because nothing runs in an email."),
    "lost-form": marked("A form is removed, because email programs do not send it. Link to a page that has it."),
    "lost-frame": marked("A frame or embedded object is removed. Link to it."),
    "lost-film": marked("A video or sound is removed. Link to it, for example from an image."),
    "lost-drawing": marked("A drawing or formula (svg, math, canvas) is removed. Save it as PNG."),
    "lost-sheet": marked("An external style sheet is not loaded. Put its rules into a <style>."),
    "lost-style-in-markdown": marked("A <style> in Markdown is removed. Write the edition as .html to use one."),
    "css-background": marked(
        "A background image is removed, because Outlook does not show it. Use a colour or an <img>."
    ),
    "css-fetches": marked("url(…) is removed from the styles. An email loads nothing but the images in its text."),
    "css-media": marked("A style sheet for “{media}” is removed, because that is not a media query."),
    "css-long": marked("Styles of more than {most} KiB are removed. Shorten them."),
    "css-rule-fetches": marked(
        "@{rule} is removed from the styles, because it would load something when the email is opened."
    ),
    "css-condition": marked("@{rule} is removed from the styles, because its condition is not understood."),
    "css-rule": marked("@{rule} is removed from the styles. Only @media and @supports are kept."),
    "css-runs": marked("{property} is removed from the styles, because nothing runs in an email."),
    "css-function": marked(
        "{function}(…) is removed from the styles. It may load or run something, or no email program knows it."
    ),
    "css-position": marked(
        "`position: fixed` is removed from the styles, because an email must not cover what is around it."
    ),
    "sheet-stays-install": marked(
        "The style sheet stays in the head, where some email programs ignore it. Install the Python package css-inline "
        "to have it moved into the elements."
    ),
    "sheet-stays-long": marked(
        "The style sheet stays in the head, where some email programs ignore it, because it is too long. Shorten it."
    ),
    "sheet-stays-deep": marked(
        "The style sheet stays in the head, where some email programs ignore it, because elements are nested too deep. "
        "Make the page simpler."
    ),
    "sheet-stays-unreadable": marked(
        "The style sheet stays in the head, where some email programs ignore it, because a style attribute cannot be "
        "read ({problem})."
    ),
    # the operator's own layouts
    "layout-content-repeated": marked(
        "{{ content }} appears more than once. Write it once, where the text of the edition goes."
    ),
    "layout-content-missing": marked(
        "{{ content }} appears nowhere that a reader would see it. Write it once, where the text of the edition goes."
    ),
    "layout-part-in-tag": marked(
        "A part such as {{ content }} or {{ footer }} is inside a tag. Write it between tags."
    ),
    "layout-no-unsubscribe": marked(
        "There is no unsubscribe link. Put {{ footer }} below the content, or a link to {{ unsubscribe_url }}."
    ),
    "layout-no-address": marked(
        "The postal address is missing. Put {{ footer }} or {{ postal_address }} below the content."
    ),
    "layout-picture": marked("The image {source} is not the newsletter's logo. Nothing is loaded from elsewhere."),
    "layout-no-alt": marked('An image has no alt text. Write alt="{{ list.title }}".'),
    # what came by email
    "mail-no-subject": marked("This email has no subject. The edition takes its subject from it, so write one."),
    "mail-no-text": marked("This email has no text."),
    "mail-several-files": marked("Several edition files (.md) are attached. Attach only one."),
    "mail-file-long": marked("The file {name} is larger than {most} KiB."),
    "mail-text-long": marked("The text is larger than {most} KiB."),
    "mail-encrypted": marked(
        "This email is encrypted, or entirely wrapped in a signature (S/MIME, PGP). Turn that off and send it again."
    ),
    "mail-encoding": marked("The encoding of the text is not what the email says it is. Check letters with accents."),
    "mail-winmail": marked(
        "winmail.dat was left out, because only Outlook can read it. Send the email as HTML, not as rich text."
    ),
    "mail-attached": marked("An attached email was left out."),
    "mail-trackers": marked("Images that track readers were removed."),
    "file-left-out": marked("{name} was left out. Attach each file once, under a name of its own."),
    "file-unused": marked("{name} is attached to the email, but the edition does not use it."),
    "draft-approved-already": marked(
        "You have already approved an edition with this subject (edition {edition}). If you approve this one as well, "
        "readers get both."
    ),
    "draft-newer": marked(
        "You wrote a newer version of this email, edition {edition}, and it is waiting for your approval. To use this "
        "one instead, open the link to that edition and discard it. Then send this email again."
    ),
    "list-closed": marked("The newsletter is closed and no longer accepts editions."),
    "posting-off": marked("The newsletter does not accept editions by email at the moment."),
    "draft-beside": marked(
        "Another email of yours with this subject is also waiting (edition {edition}). Only one of the two is proven "
        "to be from you, so neither replaces the other. Approve one and discard the other."
    ),
    # one issue in several languages
    "issue-taken": marked(
        "Edition {edition} of this newsletter is already issue “{issue}”. Name another issue, or leave it out."
    ),
    "issue-alone": marked(
        "The newsletter comes in one language only, so issue “{issue}” does not link this edition to any other. You "
        "can leave it out."
    ),
    # why an edition paused itself
    "braked-refused": marked("Copies refused permanently: {refused} of {outcomes}, which is more than {most}."),
    "braked-complaints": marked("Spam complaints: {complaints} of {outcomes}, which is more than {most}."),
    "braked-message": marked("The relay refuses the message itself, whoever it is for. It said “{words}”."),
    # the newsletter's page
    "front-teaser": marked(
        "The newsletter's page shows only the beginning of this edition, with a link to it, because the edition has "
        "colours or styles of its own."
    ),
}
