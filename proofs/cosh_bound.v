(* cosh t = (e^t + e^{-t})/2 <= e^{t^2/2}: the Rademacher law is 1-sub-Gaussian. *)
From Coq Require Import Reals Lra Psatz.
From Coquelicot Require Import Coquelicot.
Local Open Scope R_scope.

Lemma exp_ge_opp c : 0 <= c -> exp (- c) <= exp c.
Proof. intros [H|<-]; [left; apply exp_increasing; lra | rewrite Ropp_0; lra]. Qed.

(* t cosh t >= sinh t for t >= 0 *)
Lemma sinh_le_t_cosh t : 0 <= t -> 0 <= t * (exp t + exp (- t)) - (exp t - exp (- t)).
Proof.
  intros [Ht|<-]; [|rewrite Ropp_0; lra].
  pose (k := fun t => t * (exp t + exp (- t)) - (exp t - exp (- t))).
  assert (D : forall c, 0 <= c <= t -> derivable_pt_lim k c (c * (exp c - exp (- c)))).
  { intros c _. apply is_derive_Reals. unfold k. auto_derive; auto. ring. }
  destruct (MVT_cor2 k _ 0 t Ht D) as [c [E [Hc1 Hc2]]].
  assert (K0 : k 0 = 0) by (unfold k; rewrite Ropp_0; ring).
  pose proof (exp_ge_opp c ltac:(lra)). change (0 <= k t).
  assert (0 <= c * (exp c - exp (- c)) * (t - 0)) by (repeat apply Rmult_le_pos; lra).
  lra.
Qed.

Lemma cosh_le_exp_pos t : 0 <= t -> (exp t + exp (- t)) / 2 <= exp (t^2 / 2).
Proof.
  intros Ht0. destruct (Ht0) as [Ht|<-].
  2:{ rewrite Ropp_0. replace (0^2/2) with 0 by field. rewrite exp_0. lra. }
  pose (F := fun t => (exp t + exp (- t)) * exp (- (t^2 / 2))).
  assert (D : forall c, 0 <= c <= t -> derivable_pt_lim F c
    (- (c * (exp c + exp (- c)) - (exp c - exp (- c))) * exp (- (c^2/2)))).
  { intros c _. apply is_derive_Reals. unfold F. auto_derive; auto.
    replace (- (c * (c * 1) * / 2)) with (- (c^2/2)) by (simpl; field). simpl. field. }
  destruct (MVT_cor2 F _ 0 t Ht D) as [c [E [Hc1 Hc2]]].
  assert (F0 : F 0 = 2).
  { unfold F. replace (- (0^2/2)) with 0 by field. rewrite Ropp_0, exp_0. ring. }
  pose proof (sinh_le_t_cosh c ltac:(lra)) as HK. pose proof (exp_pos (- (c^2/2))) as HE.
  assert (0 <= (c * (exp c + exp (- c)) - (exp c - exp (- c))) * exp (- (c^2/2)) * (t - 0))
    by (repeat apply Rmult_le_pos; lra).
  assert (HF : F t <= 2) by lra. unfold F in HF. rewrite (exp_Ropp (t^2/2)) in HF.
  pose proof (exp_pos (t^2/2)) as HP.
  apply (Rmult_le_compat_r (exp (t^2/2))) in HF; [|lra].
  rewrite Rmult_assoc, Rinv_l in HF by lra. lra.
Qed.

Theorem cosh_le_exp t : (exp t + exp (- t)) / 2 <= exp (t^2 / 2).
Proof.
  destruct (Rle_lt_dec 0 t) as [H|H]; [now apply cosh_le_exp_pos|].
  replace (t^2/2) with ((- t)^2/2) by field.
  rewrite Rplus_comm. rewrite <- (Ropp_involutive t) at 2. apply cosh_le_exp_pos. lra.
Qed.
