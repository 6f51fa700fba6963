"""The benchmark of export runs at a tiny size and stores every way to 8 bits."""


def test_each_export_is_stored_beside_torch(stored):
    printed, result = stored(
        *("export.py", "--encoder", "tiny-random", "--records", 40, "--texts", 20),
        *("--repeats", 1, "--threads", 1),
    )
    names = [run["model"] for run in result["runs"]]
    assert names[:3] == ["torch", "ONNX fp32", "int8 (chosen)"]
    torch, plain, *small = result["runs"]
    assert torch["change"]["value"] == plain["change"]["value"] == 0
    assert all(run["size_mb"] < plain["size_mb"] for run in small)
    assert all(0 < run["latency_ms_p50"] <= run["latency_ms_p95"] for run in small)
    assert "| ONNX fp32 |" in printed
