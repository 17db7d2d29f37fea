"""A tiny transformer that always says the same words: made, not trained.

Its layers add nothing, so that what comes next depends on the last token alone.
"""

import itertools
from collections.abc import Iterable
from pathlib import Path

from tests.tiny_models import END, ROLES, tiny_llama

_LOUD = 20.0
"""How much likelier the next word is than any other, as a logit."""


def speaking(folder: Path, said: str, words: Iterable[str] = ()) -> Path:
    """A model in a folder that answers everything with `said`, whose words differ.

    Args:
        folder: Where it is saved.
        said: Its answer.
        words: What else it can read.
    """
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaConfig

    tiny_llama(folder, [*said.split(), *words], hidden=8, layers=1)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    told = LlamaConfig.from_pretrained(folder).to_dict()
    size = -(-len(tokenizer) // 8) * 8
    config = LlamaConfig(**{**told, "hidden_size": size, "tie_word_embeddings": False})
    config.head_dim = size // config.num_attention_heads
    model = AutoModelForCausalLM.from_config(config)
    after = [ROLES[-1], *said.split(), END]
    ids = tokenizer.convert_tokens_to_ids(after)
    with torch.no_grad():
        for layer in model.model.layers:
            layer.self_attn.o_proj.weight.zero_()
            layer.mlp.down_proj.weight.zero_()
        model.model.norm.weight.fill_(1.0)
        model.model.embed_tokens.weight.copy_(torch.eye(size)[: len(tokenizer)])
        model.lm_head.weight.zero_()
        for now, then in itertools.pairwise(ids):
            model.lm_head.weight[then, now] = _LOUD
    model.save_pretrained(folder)
    return folder
