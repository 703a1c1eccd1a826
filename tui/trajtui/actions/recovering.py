"""What is asked at the start when a program that ended too early has left unsaved work behind."""

from __future__ import annotations

from contextlib import aclosing

from trajcore import Session
from trajcore.views import recovery
from trajtui.actions.saving import free_name, show_differences
from trajtui.screens.dialogs import Ask, AskPath, Choose


async def offer(session: Session, ask: Ask, resume: list[recovery.BranchOffer]) -> str | None:
    """Offer what was left of this recording, and say what came of it, or what else is to be known.

    `resume` is given the one of a branch that the user wants to go on with.
    """
    said: list[str | None] = [*recovery.warnings(session)]
    async with aclosing(recovery.offers(session)) as offers:
        async for one in offers:
            if isinstance(one, recovery.EditsOffer):
                said.append(await _offer_edits(session, one, ask))
            elif isinstance(one, recovery.Unreadable):
                said.append(one.line)
            elif isinstance(one, recovery.BranchOffer):
                said.append(await _offer_branch(session, one, ask, resume))
            else:
                said.append(await _offer_run(session, one, ask))
    return " · ".join(filter(None, said)) or None


async def _offer_edits(session: Session, offer: recovery.EditsOffer, ask: Ask) -> str:
    while True:
        match await ask(Choose.of(offer.question)):
            case recovery.RESTORE:
                return await offer.restore()
            case recovery.SAVE:
                path = await ask(AskPath("Save the recording with them as", free_name(session, ".restored")))
                if path is not None:
                    return await offer.save(path)
            case recovery.DISCARD:
                return await offer.discard()
            case recovery.DIFFERENCES if offer.restored is not None:
                await show_differences(offer.restored, ask)
            case _:
                return offer.keep()


async def _offer_branch(
    session: Session, offer: recovery.BranchOffer, ask: Ask, resume: list[recovery.BranchOffer]
) -> str | None:
    match await ask(Choose.of(offer.question)):
        case recovery.RESUME:
            resume[:] = [offer]
            return None
        case recovery.SAVE:
            path = await ask(AskPath("Save the branch as", free_name(session)))
            if path is not None:
                return await offer.save(path)
        case recovery.DISCARD:
            return await offer.discard()
    return offer.keep()


async def _offer_run(session: Session, offer: recovery.RunOffer, ask: Ask) -> str:
    match await ask(Choose.of(offer.question)):
        case recovery.SAVE:
            path = await ask(AskPath("Save the run as", free_name(session)))
            if path is not None:
                return await offer.save(path)
        case recovery.WORDS:
            return await offer.take_words()
        case recovery.DISCARD:
            return await offer.discard()
    return offer.keep()
