"""``chapter2 choose --device``: refused where it is not here, or stated twice."""


def test_a_device_that_is_not_here_is_refused_at_once(
    cli, reviews, tmp_path, monkeypatch
):
    import torch

    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    out = tmp_path / "o"
    done = cli("choose", reviews, "--out", out, "--device", "mps")
    assert (done.code, done.out) == (2, "")
    assert "Error: The device is stated as 'mps', and torch" in done.err
    assert not out.exists()
    done = cli("choose", reviews, "--out", out, "--device", "gpu")
    assert (done.code, done.out) == (2, "")
    assert "The device is 'gpu'; use one of cpu, cuda, mps." in done.err


def test_the_device_stands_in_a_file_or_in_the_option(cli, reviews, tmp_path):
    limits = tmp_path / "limits.yaml"
    limits.write_text("device: cpu\n")
    named = ("--requirements", limits, "--device", "cpu")
    done = cli("choose", reviews, "--out", tmp_path / "o", *named)
    assert done.code == 2
    assert "leave out --device, or write it into that file" in done.err
