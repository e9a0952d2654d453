"""Services that answer as their vendors document, with scores that hang on nothing but what was sent."""

import base64
import hashlib
import json
import re

from tests.scorers.remote.service import Answer, Asked, says

OPENAI = (
    *("harassment", "harassment/threatening", "hate", "hate/threatening", "illicit", "illicit/violent"),
    *("self-harm", "self-harm/instructions", "self-harm/intent", "sexual", "sexual/minors"),
    *("violence", "violence/graphic"),
)
OPENAI_IMAGES = (*("self-harm", "self-harm/instructions", "self-harm/intent", "sexual"), "violence", "violence/graphic")


def share(*parts: object) -> float:
    """A number in [0, 1) that hangs on the parts."""
    return int(hashlib.sha256(repr(parts).encode()).hexdigest()[:6], 16) / 16**6


def openai(asked: Asked) -> Answer:
    given = asked.json["input"]
    if asked.path != "/moderations" or not given:
        return says({"error": {"code": "not_found", "type": "invalid_request_error"}}, 404)
    if asked.headers["authorization"] != "Bearer openai-key":
        return says({"error": {"code": "invalid_api_key", "message": "Incorrect API key provided"}}, 401)
    if not all(isinstance(one, str) for one in given):
        if len(given) != 1 or given[0]["type"] != "image_url":
            return says({"error": {"code": "too_many_images", "type": "invalid_request_error"}}, 400)
        assert given[0]["image_url"]["url"].startswith("data:image/")
    if any(one == "refuse me" for one in given):
        return says({"error": {"code": None, "type": "invalid_request_error"}}, 400)
    scores = [
        {name: share(one, name) if isinstance(one, str) or name in OPENAI_IMAGES else 0 for name in OPENAI}
        for one in given
    ]
    results = [
        {
            "flagged": any(score > 0.5 for score in of_one.values()),
            "categories": {name: score > 0.5 for name, score in of_one.items()},
            "category_scores": of_one,
            "category_applied_input_types": {name: ["text"] for name in of_one},
        }
        for of_one in scores
    ]
    return says({"id": "modr-1", "model": asked.json["model"], "results": results})


def perspective(asked: Asked) -> Answer:
    if asked.headers["x-goog-api-key"] != "perspective-key" or asked.query:
        return says({"error": {"code": 403, "status": "PERMISSION_DENIED"}}, 403)
    text, body = asked.json["comment"]["text"], asked.json
    assert asked.path == "/comments:analyze"
    assert body["doNotStore"] is True
    if body.get("languages", ["en"])[0] not in {"en", "de", "hi", "zh", "ar"}:
        detail = {"errorType": "LANGUAGE_NOT_SUPPORTED_BY_ATTRIBUTE", "languageNotSupportedByAttributeError": {}}
        return says({"error": {"code": 400, "status": "INVALID_ARGUMENT", "details": [detail]}}, 400)
    if len(text.encode()) > 20_480 or not text.strip():
        return says({"error": {"code": 400, "status": "INVALID_ARGUMENT"}}, 400)
    scores = {
        name: {
            "spanScores": [
                {"begin": 0, "end": len(text), "score": {"value": share(text, name), "type": "PROBABILITY"}}
            ],
            "summaryScore": {"value": share(text, name), "type": "PROBABILITY"},
        }
        for name in body["requestedAttributes"]
    }
    return says({"attributeScores": scores, "languages": ["en"], "detectedLanguages": ["en"]})


def azure(asked: Asked) -> Answer:
    if asked.headers["ocp-apim-subscription-key"] != "azure-key":
        return says({"error": {"code": "401", "message": "Access denied due to invalid subscription key"}}, 401)
    body = asked.json
    assert asked.query == {"api-version": "2024-09-01"}
    if asked.path == "/contentsafety/text:analyze":
        if not 0 < len(body["text"]) <= 10_000:
            return says({"error": {"code": "InvalidRequestBody"}}, 400)
        seed, step = body["text"], 1 if body["outputType"] == "EightSeverityLevels" else 2
    else:
        assert asked.path == "/contentsafety/image:analyze"
        assert body["outputType"] == "FourSeverityLevels"
        seed, step = base64.b64decode(body["image"]["content"], validate=True), 2
    found = [{"category": name, "severity": int(share(seed, name) * 8) // step * step} for name in body["categories"]]
    return says({"blocklistsMatch": [], "categoriesAnalysis": found})


def kserve(asked: Asked) -> Answer:
    """A text classifier with two logits."""
    (tensor,) = asked.json["inputs"]
    if asked.path != "/v2/models/abuse/infer" or tensor["datatype"] != "BYTES":
        return says({"error": "Request for unknown model"}, 404)
    count = tensor["shape"][0]
    assert len(tensor["data"]) == count <= 32
    data = [8 * share(one, label) - 4 for one in tensor["data"] for label in ("hate", "spam")]
    output = {"name": "logits", "datatype": "FP32", "shape": [count, 2], "data": data}
    return says({"model_name": "abuse", "model_version": "1", "outputs": [output]})


KNOWN = b"known"


def hma(asked: Asked) -> Answer:
    """One bank, which knows the medium `known`; answers of the present version."""
    assert asked.path == "/m/lookup"
    assert len(asked.query["seed"]) == 64
    match = {"known_media": [{"bank_content_id": 1001, "distance": "0"}]}
    if asked.method == "GET":
        known = asked.query["signal"] == hashlib.md5(KNOWN).hexdigest()
        return says(match if known and asked.query["signal_type"] == "video_md5" else {})
    (field,) = re.findall(rb'form-data; name="(\w+)"', asked.body)
    known = KNOWN + b"\r\n--" in asked.body
    return says({"pdq" if field == b"photo" else "video_md5": match if known else {}})


def chat(asked: Asked) -> Answer:
    """A model that answers as it was told, by what stands between the marks."""
    system, user = (message["content"] for message in asked.json["messages"])
    parts = user if isinstance(user, list) else [{"type": "text", "text": user}]
    (mark,) = set(re.findall(r"^CONTENT ([0-9a-f]{24})$", parts[0]["text"], re.MULTILINE))
    assert f"POLICY {mark}" in system
    begin, data, end = parts[0]["text"].split("\n")
    assert begin == end == f"CONTENT {mark}"
    verdict = {"score": share(json.loads(data)["text"], len(parts)), "reason": "the second rule"}
    return completion(json.dumps(verdict))


def completion(content: str | None, finish: str = "stop", **message: object) -> Answer:
    said = {"role": "assistant", "content": content, **message}
    choice = {"index": 0, "message": said, "finish_reason": finish}
    return says({"id": "chatcmpl-1", "object": "chat.completion", "model": "m", "choices": [choice]})
