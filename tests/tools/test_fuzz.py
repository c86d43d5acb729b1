"""tools/fuzz.py, without looking for long."""

import pytest

from tools import fuzz


def test_a_reader_that_there_is_not_is_named_with_those_that_are(capsys):
    with pytest.raises(SystemExit):
        fuzz.main(["tflite", "onnx"])
    assert "no reader is called onnx; there are archive, frozen_graph," in capsys.readouterr().err


def test_without_atheris_it_is_asked_for(capsys, monkeypatch):
    monkeypatch.setattr(fuzz.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(SystemExit):
        fuzz.main(["tflite"])
    assert "pip install atheris" in capsys.readouterr().err


def test_a_second_of_it_reads_files_and_finds_nothing(capsys):
    pytest.importorskip("atheris")
    assert fuzz.main(["npz", "--seconds", "2"]) == 0
    assert " files, 0 failures" in capsys.readouterr().out
