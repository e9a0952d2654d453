"""The shipped pack (policies/) as a function that somebody wrote by hand: what Limen's scalar evaluator is measured against.

Plain ifs on local variables, in the order of the rule files. It checks what the evaluator checks (that each input is there,
its type, its range) and returns the same enforcement, routes and clause ids. It does not do what comes for nothing with the
rule files: sanctions, effects, records with gaps, tests, explanations. It compares doubles as they are, so that a score
within half a millionth of a threshold may come out otherwise (S1).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from regions.load import load_regions

ALLOW, LABEL, LIMIT, REDUCE, BLOCK, REMOVE, TERMINATE = range(7)
P0, P1, P2, P3 = range(4)

EU = frozenset(load_regions().descendants("EU"))
DHARMIC = frozenset({"BT", "IN", "JP", "KH", "LA", "LK", "MM", "NP", "TH"})
CONTEXTS = frozenset({"none", "medical", "art", "education", "news", "satire"})
LANGUAGES = frozenset({"en", "de", "hi", "pt", "ar", "other", "unknown"})
SURFACES = frozenset({"post", "comment", "profile", "ad", "live"})
NOTICES = frozenset({"none", "user", "trusted_flagger", "person_shown", "official_order", "terrorism_order"})
RATINGS = frozenset({"none", "false", "altered", "missing_context"})
MOST = 2**63 - 1

Route = tuple[str, str, int]


class IncompleteError(ValueError):
    """An input that is missing, of another type or out of range."""


def decide(  # noqa: C901, PLR0912, PLR0915 - one function, as it would be written for speed
    scores: Mapping[str, Any], facts: Mapping[str, Any], region: str, modalities: frozenset[str] | None = None
) -> tuple[int, list[Route], list[str]]:
    """The enforcement's rank, the routes (route, queue, priority) and the clauses that acted. Raises IncompleteError."""
    # -- inputs -----------------------------------------------------------------------------------------------------
    has_image = modalities is None or "image" in modalities
    has_video = modalities is None or "video" in modalities
    has_text = modalities is None or "text" in modalities

    age = facts.get("author.age_days")
    if "author.age_days" in facts and (type(age) is not int or not 0 <= age <= MOST):
        raise IncompleteError("author.age_days")
    strikes = facts.get("author.strikes", 0)
    if type(strikes) is not int or not 0 <= strikes <= MOST:
        raise IncompleteError("author.strikes")
    rating = facts.get("claim.rating", "none")
    if type(rating) is not str or rating not in RATINGS:
        raise IncompleteError("claim.rating")
    context = facts.get("content.context", "none")
    if type(context) is not str or context not in CONTEXTS:
        raise IncompleteError("content.context")
    language = facts.get("content.language", "unknown")
    if type(language) is not str or language not in LANGUAGES:
        raise IncompleteError("content.language")
    reports = facts.get("content.reports", 0)
    if type(reports) is not int or not 0 <= reports <= MOST:
        raise IncompleteError("content.reports")
    surface = facts.get("content.surface", "post")
    if type(surface) is not str or surface not in SURFACES:
        raise IncompleteError("content.surface")
    tags = facts.get("content.tags", ())
    if type(tags) not in (list, tuple) or (tags and not all(type(tag) is str for tag in tags)):
        raise IncompleteError("content.tags")
    synthetic = facts.get("content.synthetic", False)
    if synthetic is not False and synthetic is not True:
        raise IncompleteError("content.synthetic")
    viewers = facts.get("live.viewers", 0)
    if type(viewers) is not int or not 0 <= viewers <= MOST:
        raise IncompleteError("live.viewers")
    notice = facts.get("notice.kind", "none")
    if type(notice) is not str or notice not in NOTICES:
        raise IncompleteError("notice.kind")

    try:
        if has_text:
            harassment = scores["text.harassment"]
            if type(harassment) is not float or not 0.0 <= harassment <= 1.0:
                raise IncompleteError("text.harassment")
            hate = scores["text.hate"]
            if type(hate) is not float or not 0.0 <= hate <= 1.0:
                raise IncompleteError("text.hate")
            self_harm = scores["text.self_harm"]
            if type(self_harm) is not float or not 0.0 <= self_harm <= 1.0:
                raise IncompleteError("text.self_harm")
            spam = scores["text.spam"]
            if type(spam) is not float or not 0.0 <= spam <= 1.0:
                raise IncompleteError("text.spam")
            toxicity = scores["text.toxicity"]
            if type(toxicity) is not float or not 0.0 <= toxicity <= 1.0:
                raise IncompleteError("text.toxicity")
            violence = scores["text.violence"]
            if type(violence) is not float or not 0.0 <= violence <= 1.0:
                raise IncompleteError("text.violence")
            crisis = scores["keywords.crisis.match"]
            if crisis is not False and crisis is not True:
                raise IncompleteError("keywords.crisis.match")
            dehumanising = scores["keywords.dehumanising.match"]
            if dehumanising is not False and dehumanising is not True:
                raise IncompleteError("keywords.dehumanising.match")
            doxxing = scores["keywords.doxxing.match"]
            if doxxing is not False and doxxing is not True:
                raise IncompleteError("keywords.doxxing.match")
            scam = scores["keywords.scam.match"]
            if scam is not False and scam is not True:
                raise IncompleteError("keywords.scam.match")
            slurs = scores["keywords.slurs.match"]
            if slurs is not False and slurs is not True:
                raise IncompleteError("keywords.slurs.match")
            slur_count = scores["keywords.slurs.count"]
            if type(slur_count) is not int or not 0 <= slur_count <= MOST:
                raise IncompleteError("keywords.slurs.count")
            spam_words = scores["keywords.spam.match"]
            if spam_words is not False and spam_words is not True:
                raise IncompleteError("keywords.spam.match")
            spam_count = scores["keywords.spam.count"]
            if type(spam_count) is not int or not 0 <= spam_count <= MOST:
                raise IncompleteError("keywords.spam.count")
            threats = scores["keywords.threats.match"]
            if threats is not False and threats is not True:
                raise IncompleteError("keywords.threats.match")
            urging = scores["keywords.urging_self_harm.match"]
            if urging is not False and urging is not True:
                raise IncompleteError("keywords.urging_self_harm.match")
            voting = scores["keywords.voting_procedure.match"]
            if voting is not False and voting is not True:
                raise IncompleteError("keywords.voting_procedure.match")
        else:
            harassment = hate = self_harm = spam = toxicity = violence = -1.0
            crisis = dehumanising = doxxing = scam = slurs = spam_words = threats = urging = voting = False
            slur_count = spam_count = 0
        if has_image:
            image_child = scores["image_hash.child_safety.match"]
            if image_child is not False and image_child is not True:
                raise IncompleteError("image_hash.child_safety.match")
            image_intimate = scores["image_hash.intimate_images.match"]
            if image_intimate is not False and image_intimate is not True:
                raise IncompleteError("image_hash.intimate_images.match")
            image_terror = scores["image_hash.terrorism.match"]
            if image_terror is not False and image_terror is not True:
                raise IncompleteError("image_hash.terrorism.match")
        else:
            image_child = image_intimate = image_terror = False
        if has_video:
            video_child = scores["video_hash.child_safety.match"]
            if video_child is not False and video_child is not True:
                raise IncompleteError("video_hash.child_safety.match")
            video_intimate = scores["video_hash.intimate_images.match"]
            if video_intimate is not False and video_intimate is not True:
                raise IncompleteError("video_hash.intimate_images.match")
            video_terror = scores["video_hash.terrorism.match"]
            if video_terror is not False and video_terror is not True:
                raise IncompleteError("video_hash.terrorism.match")
        else:
            video_child = video_intimate = video_terror = False
    except KeyError as error:
        raise IncompleteError(str(error)) from None

    # What the caller may bring: below every threshold where it is not there.
    nudity = scores.get("image.nudity", -1.0)
    if nudity != -1.0 and (type(nudity) is not float or not 0.0 <= nudity <= 1.0):
        raise IncompleteError("image.nudity")
    image_hate = scores.get("image.hate", -1.0)
    if image_hate != -1.0 and (type(image_hate) is not float or not 0.0 <= image_hate <= 1.0):
        raise IncompleteError("image.hate")
    swastika = scores.get("image.swastika", -1.0)
    if swastika != -1.0 and (type(swastika) is not float or not 0.0 <= swastika <= 1.0):
        raise IncompleteError("image.swastika")
    image_violence = scores.get("image.violence", -1.0)
    if image_violence != -1.0 and (type(image_violence) is not float or not 0.0 <= image_violence <= 1.0):
        raise IncompleteError("image.violence")
    terrorism = scores.get("image.terrorism", -1.0)
    if terrorism != -1.0 and (type(terrorism) is not float or not 0.0 <= terrorism <= 1.0):
        raise IncompleteError("image.terrorism")
    sexual = scores.get("text.sexual", -1.0)
    if sexual != -1.0 and (type(sexual) is not float or not 0.0 <= sexual <= 1.0):
        raise IncompleteError("text.sexual")
    misinformation = scores.get("vendor.misinformation", -1.0)
    if misinformation != -1.0 and (type(misinformation) is not float or not 0.0 <= misinformation <= 1.0):
        raise IncompleteError("vendor.misinformation")

    enforcement = ALLOW
    routes: list[Route] = []
    clauses: list[str] = []
    live = surface == "live"
    offender = strikes >= 3
    shift = 0.02 if offender else 0.0
    struck = ALLOW  # the strongest enforcement of harassment, hate, nudity and violence

    # -- child_safety -------------------------------------------------------------------------------------------------
    if image_child or video_child:
        enforcement = REMOVE
        routes.append(("escalate", "child-safety", P0))
        clauses.append("child_safety.known@GLOBAL")

    # -- harassment ---------------------------------------------------------------------------------------------------
    level, rung, rude = ALLOW, ALLOW, ALLOW
    reviewed = False
    if offender:
        clauses.append("harassment.known_offender@GLOBAL")
    score = harassment + shift
    if live:
        if score >= 0.99:
            rung, reviewed = BLOCK, True
            clauses.append("harassment.text.harassment.block+review@GLOBAL[content.surface=live]")
        elif score >= 0.95:
            rung, reviewed = REDUCE, True
            clauses.append("harassment.text.harassment.reduce+review@GLOBAL[content.surface=live]")
        elif score >= 0.80:
            rung = REDUCE
            clauses.append("harassment.text.harassment.reduce@GLOBAL[content.surface=live]")
    elif score >= 0.98:
        rung, reviewed = REDUCE, True
        clauses.append("harassment.text.harassment.reduce+review@GLOBAL")
    elif score >= 0.90:
        rung = REDUCE
        clauses.append("harassment.text.harassment.reduce@GLOBAL")
    if toxicity + shift >= 0.95:
        rude = LABEL
        clauses.append("harassment.text.toxicity.label@GLOBAL")
    if doxxing:
        routes.append(("review", "privacy", P1))
        clauses.append("harassment.doxxing@GLOBAL")
    if reports >= 3 and harassment >= 0.80:
        level, reviewed = BLOCK, True
        clauses.append("harassment.reported@GLOBAL")
    if rung or rude or level:
        if language not in ("en", "de", "unknown"):
            if rung:
                rung, reviewed = ALLOW, True
                clauses.append("harassment.untrained_language@GLOBAL")
            if rude:
                rude = ALLOW
                clauses.append("harassment.untrained_language_rudeness@GLOBAL")
        level = max(level, rung, rude)  # rare
        if level > LABEL and context in ("news", "satire"):
            level = LABEL
            clauses.append("harassment.satire_and_news@GLOBAL")
    if reviewed:
        routes.append(("review", "general", P2))
    struck = level
    enforcement = max(enforcement, level)

    # -- hate ---------------------------------------------------------------------------------------------------------
    level, rung, reviewed, language_review = ALLOW, ALLOW, False, False
    if offender:
        clauses.append("hate.known_offender@GLOBAL")
    score = image_hate + shift
    if image_hate >= 0.0:
        if score >= 0.85:
            level, reviewed = REDUCE, True
            clauses.append("hate.image.hate.reduce+review@GLOBAL")
        elif score >= 0.60:
            reviewed = True
            clauses.append("hate.image.hate.review@GLOBAL")
    score = swastika + shift
    if swastika >= 0.0:
        if region in DHARMIC:
            if score >= 0.90:
                reviewed = True
                clauses.append(f"hate.image.swastika.review@{region}")
        elif region in ("DE", "AT"):
            if score >= 0.75:
                level = REMOVE
                clauses.append(f"hate.image.swastika.remove@{region}")
            elif score >= 0.60:
                reviewed = True
                clauses.append("hate.image.swastika.review@GLOBAL")
        elif score >= 0.90:
            level = REMOVE
            clauses.append("hate.image.swastika.remove@GLOBAL")
        elif score >= 0.60:
            reviewed = True
            clauses.append("hate.image.swastika.review@GLOBAL")
    score = hate + shift
    capped = False
    if live:
        if score >= 0.98:
            rung, reviewed = BLOCK, True
            clauses.append("hate.text.hate.block+review@GLOBAL[content.surface=live]")
        elif score >= 0.85:
            rung, reviewed = REDUCE, True
            clauses.append("hate.text.hate.reduce+review@GLOBAL[content.surface=live]")
        elif score >= 0.60:
            reviewed = True
            clauses.append("hate.text.hate.review@GLOBAL[content.surface=live]")
    elif score >= 0.95:
        rung, reviewed = REDUCE, True
        clauses.append("hate.text.hate.reduce+review@GLOBAL")
    elif score >= 0.70:
        reviewed = True
        clauses.append("hate.text.hate.review@GLOBAL")
    if rung and language not in ("en", "de", "unknown"):
        rung, capped = ALLOW, True
    if dehumanising:
        language_review = True
        clauses.append("hate.dehumanising@GLOBAL")
    if hate >= 0.70 and (slurs or dehumanising):
        level, language_review = REMOVE, True
        clauses.append("hate.hate_with_words@GLOBAL")
    if slur_count >= 2 and "reclaimed" not in tags:
        level, language_review = max(level, REDUCE), True
        clauses.append("hate.slurs@GLOBAL")
    if capped:
        clauses.append("hate.untrained_language@GLOBAL")
    level = max(level, rung)
    if level > LABEL and context in ("art", "education", "news", "satire"):
        level, reviewed = LABEL, True
        clauses.append("hate.shown_to_oppose_it@GLOBAL")
    if reviewed:
        routes.append(("review", "general", P1))
    if language_review:
        routes.append(("review", "hate-language", P1))
    struck = max(struck, level)
    enforcement = max(enforcement, level)

    # -- intimate_images ----------------------------------------------------------------------------------------------
    if image_intimate or video_intimate:
        enforcement = max(enforcement, REMOVE)
        routes.append(("escalate", "intimate-images", P1))
        clauses.append("intimate_images.known@GLOBAL")
    if notice == "person_shown":
        enforcement = max(enforcement, BLOCK)
        routes.append(("review", "intimate-images", P2))
        clauses.append("intimate_images.person_shown@GLOBAL")
        if region == "IN":
            routes.append(("review", "intimate-images", P1))
            clauses.append("intimate_images.person_shown_india@IN")

    # -- misinformation -----------------------------------------------------------------------------------------------
    level, reviewed = ALLOW, False
    if misinformation >= 0.90:
        level, reviewed = REDUCE, True
        clauses.append("misinformation.vendor.misinformation.reduce+review@GLOBAL")
    elif misinformation >= 0.70:
        reviewed = True
        clauses.append("misinformation.vendor.misinformation.review@GLOBAL")
    if rating == "missing_context":
        level = max(level, LABEL)
        clauses.append("misinformation.missing_context@GLOBAL")
    if rating in ("false", "altered"):
        level = REDUCE
        clauses.append("misinformation.rated_false@GLOBAL")
    if region == "IN" and synthetic:
        level = max(level, LABEL)
        clauses.append("misinformation.synthetic@IN")
    if voting:
        routes.append(("review", "civic", P1))
        clauses.append("misinformation.voting_procedure@GLOBAL")
    if level > LABEL:
        if context in ("education", "news"):
            level = LABEL
            clauses.append("misinformation.debunking@GLOBAL")
        elif context == "satire":
            level = LABEL
            clauses.append("misinformation.satire@GLOBAL")
    if reviewed:
        routes.append(("review", "general", P2))
    enforcement = max(enforcement, level)

    # -- notices ------------------------------------------------------------------------------------------------------
    if notice != "none":
        if region == "GB" and notice in ("user", "trusted_flagger"):
            routes.append(("review", "notices", P2))
            clauses.append("notices.alerted@GB")
        if notice == "official_order":
            routes.append(("review", "legal", P1))
            clauses.append("notices.official_order@GLOBAL")
            if region == "IN":
                enforcement = max(enforcement, BLOCK)
                clauses.append("notices.order_in_india@IN")
        if region in EU:
            if notice == "trusted_flagger":
                routes.append(("review", "notices", P1))
                clauses.append("notices.trusted_flagger@EU")
            elif notice == "user":
                routes.append(("review", "notices", P2))
                clauses.append("notices.user_notice@EU")

    # -- nudity -------------------------------------------------------------------------------------------------------
    level, reviewed = ALLOW, False
    if offender:
        clauses.append("nudity.known_offender@GLOBAL")
    risk = 0.8 * sexual
    risk = max(risk, nudity)
    score = risk + shift
    if risk >= 0.0 and score >= 0.30:
        if live:
            remove, where = 0.80, "GLOBAL[content.surface=live]"
            reduce, limit = 0.65, 0.40
            there = limit_there = "GLOBAL[content.surface=live]"
        elif surface == "ad":
            remove, where = 0.80, "GLOBAL[content.surface=ad]"
            reduce, limit = 0.60, 0.40
            there = limit_there = "GLOBAL[content.surface=ad]"
        else:
            remove, where = 0.95, "GLOBAL"
            reduce, limit = 0.80, 0.50
            there = limit_there = "GLOBAL"
        if region == "DE":
            remove, where = (0.75, "DE[content.surface=ad,live]") if surface in ("ad", "live") else (0.90, "DE")
        elif region == "IN":
            remove, where = (0.75, "IN[content.surface=ad,live]") if surface in ("ad", "live") else (0.85, "IN")
        elif region == "GB":
            limit, limit_there = 0.30, "GB[content.surface=ad,live]" if surface in ("ad", "live") else "GB"
        if live and score >= 0.90:
            level = TERMINATE
            clauses.append("nudity.risk.terminate_stream@GLOBAL[content.surface=live]")
        elif score >= remove:
            level = REMOVE
            clauses.append(f"nudity.risk.remove@{where}")
        elif score >= reduce:
            level, reviewed = REDUCE, True
            clauses.append(f"nudity.risk.reduce+review@{there}")
        elif score >= limit:
            level = LIMIT
            clauses.append(f"nudity.risk.limit@{limit_there}")
        if level > LABEL and context == "medical" and age is not None and age >= 30:
            level, reviewed = LABEL, True
            clauses.append("nudity.medical@GLOBAL")
        elif level > LIMIT and context in ("art", "education", "news"):
            level, reviewed = LIMIT, True
            clauses.append("nudity.art_and_education@GLOBAL")
        if reviewed:
            routes.append(("review", "general", P2))
        enforcement = max(enforcement, level)
    struck = max(struck, level)

    # -- self_harm ----------------------------------------------------------------------------------------------------
    level, reviewed, wellbeing = ALLOW, False, False
    if live:
        if self_harm >= 0.80:
            wellbeing = True
            clauses.append("self_harm.text.self_harm.review(queue=wellbeing)@GLOBAL[content.surface=live]")
    elif self_harm >= 0.95:
        wellbeing = True
        clauses.append("self_harm.text.self_harm.review(queue=wellbeing)@GLOBAL")
    if region == "GB" and (crisis or (self_harm >= 0.98 and language in ("en", "unknown"))):
        level = LIMIT
        clauses.append("self_harm.adults_only@GB")
    if crisis:
        wellbeing = True
        clauses.append("self_harm.crisis@GLOBAL")
        if live:
            routes.append(("escalate", "live-crisis", P0))
            clauses.append("self_harm.crisis_on_a_stream@GLOBAL")
    if urging:
        level, reviewed = BLOCK, True
        clauses.append("self_harm.urging_others@GLOBAL")
    if level > LABEL and context in ("art", "education", "medical", "news"):
        level, reviewed = LABEL, True
        clauses.append("self_harm.prevention@GLOBAL")
    if reviewed:
        routes.append(("review", "general", P1))
    if wellbeing:
        routes.append(("review", "wellbeing", P1))
    enforcement = max(enforcement, level)

    # -- spam ---------------------------------------------------------------------------------------------------------
    level, rung, reviewed = ALLOW, ALLOW, False
    if offender:
        clauses.append("spam.known_offender@GLOBAL")
    score = spam + shift
    if surface == "comment":
        if score >= 0.90:
            rung = REDUCE
            clauses.append("spam.text.spam.reduce@GLOBAL[content.surface=comment]")
        elif score >= 0.80:
            rung = LABEL
            clauses.append("spam.text.spam.label@GLOBAL[content.surface=comment]")
    elif surface != "ad":
        if score >= 0.98:
            rung = REDUCE
            clauses.append("spam.text.spam.reduce@GLOBAL")
        elif score >= 0.90:
            rung = LABEL
            clauses.append("spam.text.spam.label@GLOBAL")
    if spam_words and spam >= 0.90 and surface != "ad":
        level = BLOCK
        clauses.append("spam.advertising@GLOBAL")
    if spam_count >= 2:
        level = max(level, REDUCE)
        clauses.append("spam.phrases@GLOBAL")
    if scam:
        level, reviewed = max(level, REDUCE), True
        clauses.append("spam.scam@GLOBAL")
        if age is not None and age < 7:
            level = BLOCK
            clauses.append("spam.scam_from_new_account@GLOBAL")
    if rung and language not in ("en", "unknown"):
        rung, reviewed = ALLOW, True
        clauses.append("spam.untrained_language@GLOBAL")
    level = max(level, rung)
    if level > LABEL and context in ("education", "news"):
        level = LABEL
        clauses.append("spam.warning_others@GLOBAL")
    if reviewed:
        routes.append(("review", "general", P3))
    spammed = level
    enforcement = max(enforcement, level)

    # -- terrorism ----------------------------------------------------------------------------------------------------
    level, absolute, specialist = ALLOW, ALLOW, False
    if live:
        if terrorism >= 0.97:
            level, specialist = TERMINATE, True
            clauses.append("terrorism.image.terrorism.terminate_stream+escalate@GLOBAL[content.surface=live]")
        elif terrorism >= 0.90:
            level, specialist = BLOCK, True
            clauses.append("terrorism.image.terrorism.block+escalate@GLOBAL[content.surface=live]")
        elif terrorism >= 0.60:
            specialist = True
            clauses.append("terrorism.image.terrorism.escalate@GLOBAL[content.surface=live]")
    elif terrorism >= 0.95:
        level, specialist = BLOCK, True
        clauses.append("terrorism.image.terrorism.block+escalate@GLOBAL")
    elif terrorism >= 0.80:
        specialist = True
        clauses.append("terrorism.image.terrorism.escalate@GLOBAL")
    if image_terror or video_terror:
        level = max(level, REMOVE)
        routes.append(("escalate", "terrorism", P0))
        clauses.append("terrorism.known@GLOBAL")
    if notice == "terrorism_order" and region in EU:
        absolute = REMOVE
        routes.append(("escalate", "terrorism-orders", P0))
        clauses.append("terrorism.removal_order@EU")
    if level > LIMIT and context in ("education", "news"):
        level = LIMIT
        clauses.append("terrorism.reporting@GLOBAL")
    if specialist:
        routes.append(("escalate", "specialist", P0))
    level = max(level, absolute)
    enforcement = max(enforcement, level)

    # -- violence -----------------------------------------------------------------------------------------------------
    level, rung, reviewed, capped = ALLOW, ALLOW, False, False
    urgent = P0 if live and viewers >= 10000 else P1
    if offender:
        clauses.append("violence.known_offender@GLOBAL")
    score = image_violence + shift
    if image_violence >= 0.0:
        if live:
            if score >= 0.95:
                level = TERMINATE
                clauses.append("violence.image.violence.terminate_stream@GLOBAL[content.surface=live]")
            elif score >= 0.90:
                level = REMOVE
                clauses.append("violence.image.violence.remove@GLOBAL[content.surface=live]")
            elif score >= 0.70:
                level, reviewed = LIMIT, True
                clauses.append("violence.image.violence.limit+review@GLOBAL[content.surface=live]")
            elif score >= 0.50:
                level = LABEL
                clauses.append("violence.image.violence.label@GLOBAL[content.surface=live]")
        elif score >= 0.98:
            level = REMOVE
            clauses.append("violence.image.violence.remove@GLOBAL")
        elif score >= 0.85:
            level, reviewed = LIMIT, True
            clauses.append("violence.image.violence.limit+review@GLOBAL")
        elif score >= 0.60:
            level = LABEL
            clauses.append("violence.image.violence.label@GLOBAL")
    score = violence + shift
    if live:
        if score >= 0.95:
            rung, reviewed = REDUCE, True
            clauses.append("violence.text.violence.reduce+review@GLOBAL[content.surface=live]")
        elif score >= 0.80:
            reviewed = True
            clauses.append("violence.text.violence.review@GLOBAL[content.surface=live]")
    elif score >= 0.99:
        rung, reviewed = REDUCE, True
        clauses.append("violence.text.violence.reduce+review@GLOBAL")
    elif score >= 0.90:
        reviewed = True
        clauses.append("violence.text.violence.review@GLOBAL")
    if rung and language not in ("en", "unknown"):
        rung, capped = ALLOW, True
    if threats:
        if violence >= 0.99 and region in EU:
            routes.append(("escalate", "law-enforcement", P0))
            clauses.append("violence.danger_to_life@EU")
        if violence >= 0.90:
            level = max(level, REMOVE)
            routes.append(("review", "threats", P0))
            clauses.append("violence.threat@GLOBAL")
        routes.append(("review", "threats", urgent))
        clauses.append("violence.threatening_words@GLOBAL")
    if capped:
        clauses.append("violence.untrained_language@GLOBAL")
    level = max(level, rung)
    if level > LABEL and context in ("art", "satire"):
        level, reviewed = LABEL, True
        clauses.append("violence.fiction@GLOBAL")
    elif level > LIMIT and context in ("education", "medical", "news"):
        level = LIMIT
        clauses.append("violence.reporting@GLOBAL")
    if reviewed:
        routes.append(("review", "general", urgent))
    struck = max(struck, level)
    enforcement = max(enforcement, level)

    # -- consequences -------------------------------------------------------------------------------------------------
    if enforcement >= BLOCK:
        if enforcement >= REMOVE and struck == enforcement:
            clauses.append("strike_for_removal")
        if enforcement == BLOCK and spammed == BLOCK:
            clauses.append("strike_for_spam")
        if strikes >= 2 and enforcement in (struck, spammed):
            clauses.append("suspend_repeat_offender")

    return enforcement, _joined(routes) if routes else routes, clauses


def _joined(routes: list[Route]) -> list[Route]:
    """Each queue once, with its most severe priority; what is escalated nobody else sees."""
    alone = [route for route in routes if route[0] == "escalate"] or routes
    levels: dict[tuple[str, str], int] = {}
    for route, queue, priority in alone:
        key = route, queue
        if key not in levels or priority < levels[key]:
            levels[key] = priority
    return [(route, queue, priority) for (route, queue), priority in sorted(levels.items())]
