"""Settings by name: typed, checked, and with a guess at what was meant."""

from __future__ import annotations

import pytest

from sketchrnn.drawing import BadSettingError
from sketchrnn.training.config import TrainConfig
from sketchrnn.training.presets import PRESETS, settings

DATA = {"max_seq_len": 93, "scale_factor": 42.0}


def test_defaults_are_the_references():
    config, train = settings("magenta", {}, **DATA)
    assert (config.encoder_size, config.decoder_size, config.z_size) == (256, 512, 128)
    assert (config.num_mixtures, config.recurrent_dropout_rate) == (20, 0.1)
    assert (train.batch_size, train.learning_rate, train.grad_clip) == (100, 1e-3, 1.0)
    assert (train.w_kl, train.w_kl * train.eta_min, train.kl_min) == (0.5, 0.01, 0.2)
    assert (train.random_scale, train.point_drop) == (0.15, 0.1)
    assert settings(None, {}, **DATA) == (config, train)


@pytest.mark.parametrize("preset", PRESETS)
def test_presets_can_be_used(preset):
    config, _ = settings(preset, {}, **DATA)
    assert (config.max_seq_len, config.scale_factor) == (93, 42.0)


def test_text_becomes_the_settings_type():
    config, train = settings(
        "small", {"conditional": "true", "z_size": "7", "w_kl": "1e-2", "steps": "2e3"}, **DATA
    )
    assert (config.conditional, config.z_size) == (True, 7)
    assert (train.w_kl, train.steps) == (0.01, 2000)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"batchsize": 3}, "unknown setting 'batchsize'; did you mean 'batch_size'?"),
        ({"scale_factor": 3}, "unknown setting 'scale_factor'"),
        ({"batch_size": "many"}, "batch_size is 'many', and must be a whole number"),
        ({"batch_size": "2.5"}, "must be a whole number"),
        ({"batch_size": "inf"}, "must be a whole number"),
        ({"batch_size": 0}, "must be 1 or more"),
        ({"w_kl": "nan"}, "w_kl is nan"),
        ({"learning_rate": -1}, "must be a finite number above 0"),
        ({"learning_rate": "nan"}, "must be a finite number above 0"),
        ({"learning_rate": "inf"}, "learning_rate is inf, and must be a finite number above 0"),
        ({"grad_clip": "inf"}, "grad_clip is inf"),
        ({"forget_bias": "nan"}, "forget_bias is nan"),
        ({"seed": 2**32}, "seed is 4294967296, and must be 4294967295 or less"),
        ({"kl_decay": 1.5}, "from 0 to 1"),
        ({"point_drop": 1}, "from 0 to below 1"),
        ({"conditional": "perhaps"}, "must be true or false"),
        (
            {"decoder_cell": "gru"},
            "decoder_cell is 'gru', and must be one of lstm, layer_norm, hyper",
        ),
        ({"recurrent_dropout_rate": 1.0}, "the share that is dropped, not kept"),
    ],
)
def test_what_cannot_be_used_is_refused(changes, message):
    with pytest.raises(BadSettingError, match=message.replace("?", r"\?")):
        settings("small", changes, **DATA)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"conditional": False, "w_kl": 0.5}, "w_kl is set, and a decoder alone"),
        ({"conditional": "false", "kl_min": "0"}, "kl_min is set, and a decoder alone"),
        ({"conditional": False, "z_size": 8}, "leave z_size away, or set conditional=true"),
        ({"conditional": False, "encoder_cell": "hyper"}, "encoder_cell is set"),
        ({"hyper_units": 8}, "no cell is a HyperLSTM; leave hyper_units away"),
        ({"min_learning_rate": 0.1}, "min_learning_rate is 0.1, and learning_rate"),
        ({"learning_rate": 1e-6}, "min_learning_rate is 1e-05, and learning_rate"),
        ({"w_kl": 0, "eta_min": 0.1}, "and w_kl is 0"),
        ({"patience": 3, "steps": 1000}, "patience=3 validations of 500 steps are more than all"),
        ({"ema_decay": 0.9999, "steps": 1000}, "averages over some 10000 steps, and there are"),
        ({"ema_decay": 1.0}, "ema_decay is 1.0, and must be from 0 to below 1"),
        ({"patience": -1}, "patience is -1"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(changes, message):
    with pytest.raises(BadSettingError, match=message):
        settings("magenta", changes, **DATA)


def test_a_preset_may_hold_more_than_it_needs():
    config, _ = settings("paper", {"conditional": False}, **DATA)
    assert not config.conditional
    settings("magenta", {"decoder_cell": "hyper", "hyper_units": 8}, **DATA)
    settings("magenta", {"patience": 2, "steps": 1000, "ema_decay": 0.999}, **DATA)
    begun = {"conditional": False, "w_kl": 0.7}
    assert settings(None, {"steps": 5}, begun=begun, **DATA)[1].w_kl == 0.7


def test_unknown_preset():
    message = "unknown preset 'large'; use one of magenta, paper, kanji, small"
    with pytest.raises(BadSettingError, match=message):
        settings("large", {}, **DATA)


def test_train_config_round_trip():
    config = TrainConfig(steps=3)
    assert TrainConfig.from_dict(config.to_dict()) == config
    with pytest.raises(BadSettingError, match="unknown training setting 'speed'"):
        TrainConfig.from_dict({"speed": 1})
