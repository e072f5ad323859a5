"""Whether the operator hears of what is wrong: after some years the address may be that of somebody who has left."""

from __future__ import annotations

from pressrun.core.text.masking import without_addresses
from pressrun.operations.doctor.finding import DoctorFinding, failed, passed
from pressrun.operations.doctor.subject import DoctorSubject


async def check_operator(subject: DoctorSubject) -> list[DoctorFinding]:
    """Whether the latest alert by email arrived."""
    operator, refusal = subject.site.operator, subject.alert_refusal
    if operator is None:
        return [passed("alerts go to the log alone, as no operator is set")]
    if refusal is None:
        return [passed("no alert to the operator has come back")]
    message = f"the latest alert to the operator did not arrive: {without_addresses(refusal) or 'no reason is known'}"
    return [failed(message, f"See that the mailbox of {operator} works, or set another operator")]
