(* tilted-mean for an abstract expectation: a vector x = (x_0, ..., x_{d-1}) of mean
   zero with E e^{<v,x>} <= e^{s2 |v|^2/2} for every v has, for every a,

     |m(a)|^2 <= 4 s2^2 |a|^2,     m(a) = E[x e^{<a,x>}] / E e^{<a,x>}.

   Proof: 1 + y <= e^y at y = <v - a, x> + Lam(a) - s2 |v|^2/2, times the tilted
   density e^{<a,x> - Lam(a)}, gives after expectation the inequality of Donsker
   and Varadhan in the form <v - a, m(a)> <= s2 |v|^2/2 - Lam(a); Lam(a) >= 0
   because x has mean zero; take v = m(a)/s2.

     dot d v x       <v,x> = v_0 x_0 + ... + v_{d-1} x_{d-1}
     tilted_mass     E e^{<a,x>} = e^{Lam(a)}, Lam the cumulant generating function
     tilted_mean k   m(a)_k
     tilted_mean_square_le   the bound above *)
From Coq Require Import Reals Lra Lia Psatz PeanoNat.
From AttentionBounds.foundation Require Import finite_sums exponential_bounds abstract_expectation.
Local Open Scope R_scope.

Definition dot (d : nat) (v x : nat -> R) : R := rsum d (fun k => v k * x k).

Lemma dot_self_ge0 d v : 0 <= dot d v v.
Proof. apply rsum_ge0; intros. nra. Qed.

Section TiltedMean.
Context {T : Type} (mu : Expectation T).
Variables (d : nat) (x : nat -> T -> R) (s2 : R) (a : nat -> R).
Let lin (v : nat -> R) (t : T) : R := dot d v (fun k => x k t).
Hypothesis s2_pos : 0 < s2.
Hypothesis x_int : forall k, (k < d)%nat -> Int mu (x k).
Hypothesis x_mean : forall k, (k < d)%nat -> Ex mu (x k) = 0.
Hypothesis exp_int : forall v, Int mu (fun t => exp (lin v t)).
Hypothesis subgaussian : forall v, Ex mu (fun t => exp (lin v t)) <= exp (s2 * dot d v v / 2).
Hypothesis tilted_int : forall k, (k < d)%nat -> Int mu (fun t => exp (lin a t) * x k t).

Definition tilted_mass : R := Ex mu (fun t => exp (lin a t)).
Definition tilted_mean (k : nat) : R := Ex mu (fun t => exp (lin a t) * x k t) / tilted_mass.

(* e^{Lam(a)} >= 1 *)
Lemma tilted_mass_ge_1 : 1 <= tilted_mass.
Proof.
  assert (IL : Int mu (lin a)).
  { apply (Int_rsum mu d (fun k t => a k * x k t)). intros k Hk. apply Int_scal; auto. }
  assert (EL : Ex mu (lin a) = 0).
  { unfold lin, dot. rewrite (Ex_rsum mu d (fun k t => a k * x k t)).
    - rewrite (rsum_ext d _ (fun _ => 0)); [rewrite rsum_const; ring|].
      intros k Hk. rewrite Ex_scal, x_mean by auto. ring.
    - intros k Hk. apply Int_scal; auto. }
  assert (J := Int_plus mu (fun _ => 1) (lin a) (Int_const mu 1) IL).
  assert (E : Ex mu (fun t => 1 + lin a t) = 1).
  { rewrite (Ex_plus mu (fun _ => 1) (lin a) (Int_const mu 1) IL), Ex_const, EL. ring. }
  rewrite <- E. apply Ex_mono; auto. intros t. apply exp_ge_1x.
Qed.

(* Donsker-Varadhan: <v - a, m(a)> <= s2 |v|^2/2 *)
Lemma donsker_varadhan v :
  dot d v tilted_mean - dot d a tilted_mean <= s2 * dot d v v / 2.
Proof.
  pose proof tilted_mass_ge_1 as HZ. set (Z := tilted_mass) in *.
  set (c := s2 * dot d v v / 2).
  set (q := fun k => v k - a k).
  (* the tilted mean of <v - a, x> *)
  assert (IQ : forall k, (k < d)%nat -> Int mu (fun t => q k * (exp (lin a t) * x k t))).
  { intros k Hk. apply Int_scal; auto. }
  assert (I1 := Int_rsum mu d (fun k t => q k * (exp (lin a t) * x k t)) IQ).
  assert (E1 : Ex mu (fun t => rsum d (fun k => q k * (exp (lin a t) * x k t)))
    = Z * (dot d v tilted_mean - dot d a tilted_mean)).
  { rewrite (Ex_rsum mu d (fun k t => q k * (exp (lin a t) * x k t)) IQ).
    transitivity (Z * rsum d (fun k => q k * tilted_mean k)).
    - rewrite <- rsum_scal. apply rsum_ext; intros k Hk.
      rewrite Ex_scal by auto. unfold tilted_mean. fold Z. field. lra.
    - f_equal. unfold dot. 
      transitivity (rsum d (fun k => v k * tilted_mean k + (-1) * (a k * tilted_mean k))).
      + apply rsum_ext; intros; unfold q; ring.
      + rewrite rsum_plus, rsum_scal. ring. }
  assert (HQ : forall t, rsum d (fun k => q k * (exp (lin a t) * x k t))
      = exp (lin a t) * (lin v t - lin a t)).
  { intros t. generalize (exp (lin a t)); intros e.
    transitivity (rsum d (fun k => e * (v k * x k t) + (- e) * (a k * x k t))).
    - apply rsum_ext; intros; unfold q; ring.
    - rewrite rsum_plus, (rsum_scal d e), (rsum_scal d (- e)). unfold lin, dot. ring. }
  (* pointwise: e^{<a,x>}(1 + y)/Z <= e^{<v,x> - c}, y = <v-a,x> + ln Z - c *)
  assert (I2 := Int_lin mu (1 + ln Z - c) 1 (exp_int a) I1).
  assert (I3 := Int_scal mu (Z * exp (- c)) _ (exp_int v)).
  assert (M : (1 + ln Z - c) * Z + 1 * (Z * (dot d v tilted_mean - dot d a tilted_mean))
     <= Z * exp (- c) * exp c).
  { apply Rle_trans with (Z * exp (- c) * Ex mu (fun t => exp (lin v t))).
    - rewrite <- (Ex_scal mu (Z * exp (- c)) _ (exp_int v)), <- E1.
      change Z with (Ex mu (fun t => exp (lin a t))) at 2.
      rewrite <- (Ex_lin mu (1 + ln Z - c) 1 (exp_int a) I1).
      apply Ex_mono; auto. intros t. rewrite HQ.
      pose proof (exp_ge_1x (lin v t - lin a t + ln Z - c)) as K.
      pose proof (exp_pos (lin a t)) as Pa.
      apply (Rmult_le_compat_l (exp (lin a t))) in K; [|lra].
      replace (exp (lin a t) * exp (lin v t - lin a t + ln Z - c)) with (Z * exp (- c) * exp (lin v t)) in K.
      + lra.
      + replace (lin v t - lin a t + ln Z - c) with (lin v t + (- lin a t + (ln Z + - c))) by ring.
        rewrite !exp_plus, (exp_Ropp (lin a t)), exp_ln by lra. field. lra.
    - apply Rmult_le_compat_l; [|apply subgaussian].
      pose proof (exp_pos (- c)). nra. }
  rewrite Rmult_assoc, <- exp_plus in M. replace (- c + c) with 0 in M by ring.
  rewrite exp_0 in M.
  assert (HL : 0 <= ln Z).
  { rewrite <- ln_1. destruct HZ as [HZ| <-]; [left; apply ln_increasing; lra|lra]. }
  apply Rmult_le_reg_l with Z; [lra|]. nra.
Qed.

Theorem tilted_mean_square_le :
  rsum d (fun k => tilted_mean k ^2) <= 4 * s2^2 * rsum d (fun k => a k ^2).
Proof.
  pose proof (donsker_varadhan (fun k => / s2 * tilted_mean k)) as H.
  set (m := tilted_mean) in *. set (M := rsum d (fun k => m k ^2)).
  assert (E1 : dot d (fun k => / s2 * m k) m = / s2 * M).
  { unfold dot, M. rewrite <- rsum_scal. apply rsum_ext; intros; ring. }
  assert (E2 : dot d (fun k => / s2 * m k) (fun k => / s2 * m k) = / s2 * (/ s2 * M)).
  { unfold dot, M. rewrite <- !rsum_scal. apply rsum_ext; intros; ring. }
  rewrite E1, E2 in H.
  assert (K : M <= 2 * s2 * dot d a m).
  { apply Rmult_le_reg_l with (/ (2 * s2)); [apply Rinv_0_lt_compat; lra|].
    replace (/ (2 * s2) * (2 * s2 * dot d a m)) with (dot d a m) by (field; lra).
    replace (s2 * (/ s2 * (/ s2 * M)) / 2) with (/ (2 * s2) * M) in H by (field; lra).
    replace (/ s2 * M) with (2 * (/ (2 * s2) * M)) in H by (field; lra). lra. }
  assert (C : 2 * s2 * dot d a m <= / 2 * (M + 4 * s2^2 * rsum d (fun k => a k ^2))).
  { unfold dot, M. rewrite <- !rsum_scal, <- rsum_plus, <- rsum_scal.
    apply rsum_le; intros k Hk. pose proof (pow2_ge_0 (m k - 2 * s2 * a k)). nra. }
  lra.
Qed.
End TiltedMean.
